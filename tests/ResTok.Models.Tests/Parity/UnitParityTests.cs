using System.Globalization;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;
using ResTok.Models.Tokenizer.Networks;
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
    public void Recipe_regenerates_weights_and_images()
    {
        AssertEqual(units["recipe.check"], new Recipe("").Weights("encoder.blocks.0.attn.qkv.weight", [4, 4]), 0);
        AssertEqual(units["image.smooth.b0.first"], Recipe.Images(1, 256)[0, TensorIndex.Ellipsis, TensorIndex.Slice(0, 2), TensorIndex.Slice(0, 8)], 0);
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
        AssertEqual(golden["debug.encoder.rope_after_first_merge.cos_sin"], tokenizer.Encoder.Rotary[1].CosSin(), 1e-7);
        AssertEqual(golden["debug.decoder.rope.cos_sin"], tokenizer.Decoder.Rotary.CosSin(), 1e-7);
    }

    [Fact]
    public void Sampling_filters()
    {
        string[] names = [.. units.Names.Where(name => name.StartsWith("filter.", StringComparison.Ordinal) && !name.EndsWith(".logits", StringComparison.Ordinal))];
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            string[] parts = name.Split('.', 4); // filter, number, k…, p…
            Tensor logits = units[$"filter.{parts[1]}.logits"], kept = units[name];
            for (int row = 0; row < logits.shape[0]; row++)
            {
                float[] given = logits[row].data<float>().ToArray(), values = [.. given];
                bool[] expected = [.. kept[row].data<byte>().ToArray().Select(value => value == 1)];
                TokenSampler.Filter(values, int.Parse(parts[2][1..], CultureInfo.InvariantCulture), double.Parse(parts[3][1..], CultureInfo.InvariantCulture));
                bool[] actual = [.. values.Select(value => !float.IsNegativeInfinity(value))];
                Assert.Equal(expected.Count(value => value), actual.Count(value => value));
                // Among logits equal to the least one kept, which ones stay is up to the sort: torch's is not stable, ours takes the first.
                float least = given.Where((_, i) => expected[i]).Min();
                Assert.Equal(expected.Where((_, i) => given[i] != least), actual.Where((_, i) => given[i] != least));
            }
        }
    }

    [Fact]
    public void Guidance_schedules()
    {
        JsonObject schedules = JsonNode.Parse(File.ReadAllText(Path.Combine(TestData.Root, "golden", "units", "cfg_schedules.json")))!.AsObject();
        Assert.True(Enum.GetValues<GuidanceSchedule>().Length <= schedules.Select(item => (string)item.Value!["schedule"]!).Distinct().Count());
        foreach ((string name, JsonNode? item) in schedules)
        {
            SamplingOptions options = CfgSchedules.Options((string)item!["schedule"]!, (double)item["scale"]!, item["kwargs"]!.AsObject());
            double[] ratios = [.. item["ratios"]!.AsArray().Select(value => (double)value!)];
            double[] values = [.. item["values"]!.AsArray().Select(value => (double)value!)];
            for (int i = 0; i < ratios.Length; i++)
                Assert.True(Math.Abs(values[i] - Guidance.At(options, ratios[i])) < 1e-12, $"{name} at {ratios[i]}");
        }
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

        public IEnumerable<string> Names => tensors.Entries.Keys;

        public void Dispose() => tensors.Dispose();
    }
}
