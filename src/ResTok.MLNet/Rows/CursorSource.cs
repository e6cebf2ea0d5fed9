using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>The row that a cursor stands at.</summary>
internal sealed class CursorSource(DataViewRowCursor cursor, LoadedImageFiles? files = null) : IRowSource
{
    public ValueGetter<T> GetGetter<T>(DataViewSchema.Column column) => RowFaults.Getter<T>(cursor, column, files);

    public ValueGetter<DataViewRowId> GetIdGetter() => cursor.GetIdGetter();
}
