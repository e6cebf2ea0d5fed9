using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>Computes the row that a cursor or a row of ML.NET stands at, when the first of its computed columns is read.</summary>
internal sealed class RowComputation : IRowSource, IDisposable
{
    private readonly DataViewRow input;
    private readonly BatchRunner runner;
    private long computed = -1;

    public RowComputation(BatchTransformer transformer, DataViewRow input, DataViewSchema.Column[] inputs)
    {
        this.input = input;
        runner = transformer.CreateRunner(this, inputs, 1);
    }

    /// <param name="column">A computed one, of the output's schema.</param>
    public ValueGetter<T> Getter<T>(DataViewSchema.Column column) => Columns.Typed<T>(runner.Getter(column.Index - input.Schema.Count, Compute), column);

    public void Dispose() => runner.Dispose();

    ValueGetter<T> IRowSource.GetGetter<T>(DataViewSchema.Column column) => input.GetGetter<T>(input.Schema[column.Index]);

    ValueGetter<DataViewRowId> IRowSource.GetIdGetter() => input.GetIdGetter();

    private int Compute()
    {
        // Position −1 says nothing of which row it is.
        if (computed != input.Position || computed == -1)
        {
            computed = -1;
            runner.Read(0, input.Position);
            runner.Run(1);
            computed = input.Position;
        }
        return 0;
    }
}
