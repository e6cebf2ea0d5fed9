using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>Where a <see cref="BatchRunner"/> gets its inputs from.</summary>
internal interface IRowSource
{
    ValueGetter<T> GetGetter<T>(DataViewSchema.Column column);

    /// <summary>The id of the row being read, which stays with it however rows are ordered or divided.</summary>
    ValueGetter<DataViewRowId> GetIdGetter();
}
