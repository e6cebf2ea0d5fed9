using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Run alone: the memory of the process is that of all tests that run at the same time.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void A_loop_of_a_thousand_predictions_leaves_no_tensor_behind()
    {
        var ml = new MLContext(seed: 1);
        using ResTokTokenizer model = CreateModel();
        List<Row> rows = PipelineData.Rows(50);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(ml.Data.LoadFromEnumerable(rows));
        IDataView fifty = encode.Transform(ml.Data.LoadFromEnumerable(rows));
        _ = fifty.GetColumn<int[]>("Tokens").Count();
        long before = Environment.WorkingSet;
        for (int i = 0; i < 20; i++)
            Assert.Equal(50, fifty.GetColumn<int[]>("Tokens").Count());
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 100L << 20);
    }
}
