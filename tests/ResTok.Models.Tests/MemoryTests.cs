using ResTok.Models.Tests.Parity;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests;

/// <summary>Alone in their collection, because they count all tensors of the process.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public class MemoryTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void A_thousand_calls_leave_no_tensor_behind()
    {
        using ImageTokenizer tokenizer = ImageTokenizer.Create(
            TinyModels.Tokenizer with { CropSize = 16, LatentTokens = 4, MinTokens = 1, TestTokens = 4, MergeTokens = false });
        using Tensor images = Recipe.Images(1, 16);
        void Call()
        {
            using TokenizerEncoding encoding = tokenizer.Encode(images, EncodingOutputs.Margins | EncodingOutputs.Losses | EncodingOutputs.AttentionMaps);
            tokenizer.Decode(encoding.Tokens, 2).Dispose();
            Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode(encoding.Tokens, 5));
        }
        Call();
        GC.Collect(); // what other tests left to the collector may only go, not come
        long before = Tensor.TotalCount;
        for (int i = 0; i < 1000; i++)
            Call();
        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Fifty_searches_leave_no_tensor_behind_stopped_or_not()
    {
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using Tensor images = Recipe.Images(2, 32);
        void Call()
        {
            tokenizer.SearchTokens(images, 3).Dispose();
            Assert.Throws<OperationCanceledException>(() => tokenizer.SearchTokens(images, 3, new CancellationToken(canceled: true)));
        }
        Call();
        Collect();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 50; i++)
            Call();
        Collect();
        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Two_hundred_generations_leave_no_tensor_behind()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        using Tensor tokens = zeros([1, 16], ScalarType.Int64);
        async Task Call()
        {
            generator.Generate(new([0, 1]), SamplingOptions.Official).Dispose();
            generator.PredictLogits([0], tokens).Dispose();
            await foreach (GenerationStep step in generator.GenerateAsync(new([0]) { Prefix = [[1, 2]] }, SamplingOptions.Official))
            {
                step.ToTensor().Dispose();
                if (step.TokenCount == 8)
                    break; // half way
            }
            Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(new([9])));
        }
        await Call();
        Collect();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 200; i++)
            await Call();
        Collect();
        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Disposed_and_failed_models_free_their_weights()
    {
        // 16 MB of weights each; the process's memory tells, because TorchSharp counts a parameter's tensor twice and frees it once.
        ImageTokenizer.Create(TinyModels.GoldenTiny).Dispose();
        long before = Environment.WorkingSet;
        for (int i = 0; i < 40; i++)
        {
            ImageTokenizer.Create(TinyModels.GoldenTiny).Dispose();
            Assert.Throws<ArgumentException>(() => ImageTokenizer.Create(TinyModels.GoldenTiny with { ReductionRatio = 0.99 }));
        }
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 160L << 20);
    }

    /// <summary>What tests before this one left to the finalizer goes too, wherever it is at the moment.</summary>
    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
