using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>
/// What all ResTok transformers share: they add columns that the network computes in batches, and hold on to its
/// weights. Every other property of a row-by-row transformer is kept.
/// </summary>
public abstract class BatchTransformer : ITransformer, IDisposable
{
    private readonly IDisposable? model;
    private readonly InvalidRowHandling onInvalidRow;

    private protected BatchTransformer(IHostEnvironment environment, IDisposable? model, int batchSize, InvalidRowHandling onInvalidRow)
    {
        Environment = environment;
        this.model = model;
        this.onInvalidRow = onInvalidRow;
        BatchSize = batchSize;
    }

    /// <summary>True: each row's values depend on that row alone.</summary>
    public bool IsRowToRowMapper => true;

    internal int BatchSize { get; }

    /// <summary>Whether rows are computed one by one when they are read, and not in batches ahead.</summary>
    internal virtual bool IsRowByRow => false;

    private protected IHostEnvironment Environment { get; }

    /// <exception cref="OperationCanceledException">The context was cancelled.</exception>
    internal void CheckAlive()
    {
        if (MLNetInternals.IsCanceled(Environment))
            throw new OperationCanceledException("The MLContext was cancelled.");
    }

    /// <summary>Columns this transformer adds, in order.</summary>
    internal abstract IReadOnlyList<OutputColumn> Outputs { get; }

    /// <summary>Finds and checks the columns this transformer reads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    internal abstract DataViewSchema.Column[] FindInputs(DataViewSchema schema);

    /// <summary>For a cursor's rows of which a column cannot be read.</summary>
    internal InvalidRows CountInvalidRows() => new(Environment, onInvalidRow);

    /// <summary>Makes what computes the columns, over the input columns that <see cref="FindInputs"/> found.</summary>
    internal abstract BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity);

    /// <summary>Gives the input's columns and this transformer's.</summary>
    /// <param name="inputSchema">The schema of the data to transform.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FindInputs(inputSchema);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        foreach (OutputColumn output in Outputs)
            builder.AddColumn(output.Name, output.Type, output.Annotations);
        return builder.ToSchema();
    }

    /// <summary>Adds this transformer's columns to data. Nothing is computed until somebody reads one of them.</summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchView(this, input);
    }

    /// <summary>Gives the mapping that <c>PredictionEngine</c> uses.</summary>
    /// <param name="inputSchema">The schema of the rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new BatchMapper(this, inputSchema);
    }

    /// <summary>Lets go of the weights, which are freed once no handle or transformer uses them.</summary>
    public void Dispose()
    {
        model?.Dispose();
        GC.SuppressFinalize(this);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);

    private protected abstract void SaveModel(ModelSaveContext context);
}
