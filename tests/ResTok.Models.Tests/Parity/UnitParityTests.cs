using ResTok.Models.Checkpoints;
using ResTok.Models.Tokenizer;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>The model's parts against the reference implementation.</summary>
[Trait("Category", "Parity")]
public sealed class UnitParityTests : IDisposable
{
    private readonly GoldenUnits units = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        units.Dispose();
    }

    [Fact]
    public void Recipe_regenerates_weights_and_pictures()
    {
        AssertEqual(units["recipe.check"], new Recipe("").Weights("encoder.blocks.0.attn.qkv.weight", [4, 4]), 0);
        AssertEqual(units["image.smooth.b0.first"], Recipe.Pictures(1, 256)[0, TensorIndex.Ellipsis, TensorIndex.Slice(0, 2), TensorIndex.Slice(0, 8)], 0);
    }

    [Theory]
    [InlineData("mask.1-1-2-4-8", 1, 1, 2, 4, 8)]
    [InlineData("mask.16-1-1-2-4", 16, 1, 1, 2, 4)]
    [InlineData("mask.4-8-16-1-1-2", 4, 8, 16, 1, 1, 2)]
    public void Level_mask(string name, params int[] blocks)
    {
        Tensor mask = LevelMask.Build(blocks, ScalarType.Float32, CPU);
        AssertEqual(units[name].to(ScalarType.Float32), (mask.squeeze() == 0).to(ScalarType.Float32), 0);
        Assert.Equal(double.NegativeInfinity, mask.min().item<float>());
    }

    [Theory]
    [InlineData("pool.residual", true)]
    [InlineData("pool.plain", false)]
    public void Pooling_of_initial_latents(string name, bool residual) =>
        AssertEqual(units[name], LatentPooling.Pool(units["pool.input"], new TokenLevels(128), residual), 1e-6);

    [Fact]
    public void Rotary_tables()
    {
        using var golden = new GoldenSet(GoldenSet.Folders("tokenizer")["tiny"], "tokenizer");
        using var tokenizer = ImageTokenizer.Create(TinyModels.GoldenTiny);
        AssertEqual(golden["debug.encoder.rope_after_first_merge.cos_sin"], tokenizer.Encoder.RotaryOfStage(1).CosSin(), 1e-7);
        AssertEqual(golden["debug.decoder.rope.cos_sin"], tokenizer.Decoder.Rotary.CosSin(), 1e-7);
    }

    private static void AssertEqual(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().to(ScalarType.Float64).item<double>(), 0, tolerance);
    }

    private sealed class GoldenUnits : IDisposable
    {
        private readonly Checkpoint tensors =
            Checkpoint.Open(Path.Combine(TestData.Root, "golden", "units", "units.safetensors"));

        public Tensor this[string name] => tensors.GetTensor(name);

        public void Dispose() => tensors.Dispose();
    }
}
