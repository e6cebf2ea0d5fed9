using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Tests;

/// <summary>What tests of a pipeline share: a tokenizer, and rows for it.</summary>
public abstract class PipelineFixture : IDisposable
{
    private protected readonly MLContext ml = new(seed: 1);
    private protected readonly ResTokTokenizer model = PipelineData.CreateModel();
    private protected readonly List<Row> rows = PipelineData.Rows(21);

    public void Dispose() => model.Dispose();

    private protected IDataView Data => ml.Data.LoadFromEnumerable(rows);

    private protected string[] Expected(ITransformer pipeline) => [.. pipeline.Transform(Data).GetColumn<int[]>("Tokens").Select(PipelineData.Join)];
}
