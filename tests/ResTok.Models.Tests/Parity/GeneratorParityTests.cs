using System.Globalization;
using System.Text.Json.Nodes;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>The generator against the reference implementation, with the tolerances of Data/golden/README.md.</summary>
[Trait("Category", "Parity")]
public class GeneratorParityTests(ITestOutputHelper output)
{
    private const double LogitTolerance = 1e-4;
    private const double DecidedMargin = 1e-3;

    private readonly List<string> faults = [];

    public static TheoryData<string> TinySets => [.. GoldenSet.Folders("generator").Keys.Where(IsTiny)];

    public static TheoryData<string> LargeSets => [.. GoldenSet.Folders("generator").Keys.Where(set => !IsTiny(set))];

    [Theory]
    [MemberData(nameof(TinySets))]
    public void Generator_equals_the_reference(string set) => Compare(set);

    [Theory]
    [MemberData(nameof(LargeSets))]
    [Trait("Category", "Slow")]
    public void Generator_equals_the_reference_at_full_size(string set) => Compare(set);

    private static bool IsTiny(string set) => set.StartsWith("tiny", StringComparison.Ordinal);

    private void Compare(string set)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("generator")[set], "generator");
        using var scope = NewDisposeScope();
        using var generator = new ImageGenerator(golden.GeneratorConfig(), new Recipe(golden.Salt), null, Precision.Float32);
        Assert.Equal(
            golden.Description["state_dict"]!.AsObject().Where(entry => !entry.Key.Contains("kv_cache")).Select(entry => $"{entry.Key} {entry.Value!.ToJsonString()}"),
            generator.StateDict.Select(entry => $"{entry.Key} [{string.Join(",", entry.Value.shape)}]"));
        int[] labels = [.. golden.Description["labels"]!.AsArray().Select(label => (int)label!)];

        CompareTables(golden, generator);
        CompareTeacher(golden, generator, labels);
        foreach (JsonNode? run in golden.Description["runs"]!.AsArray())
        {
            if (run!["error"] is null)
                CompareRun(golden, generator, labels, run.AsObject());
        }
        Assert.Empty(faults);
    }

    private void CompareTables(GoldenSet golden, ImageGenerator generator)
    {
        SequenceLayout layout = generator.Transformer.Layout;
        int n = generator.Config.Tokens;
        Tensor allowed = tensor(Enumerable.Range(0, n).SelectMany(row => Enumerable.Range(0, n).Select(column => layout.MayAttend(row, column))).ToArray(), [n, n]);
        Assert.Equal(0, (golden["group_mask_allowed"].to(ScalarType.Bool) != allowed).sum().item<long>());
        // The reference's mask while generating is longer; what lies beyond the tokens is never used.
        Assert.Equal(0, (golden["generation_mask_allowed"].narrow(0, 0, n).narrow(1, 0, n).to(ScalarType.Bool) != allowed).sum().item<long>());
        Compare("rope", golden["rope_cos_sin"], generator.Transformer.Rotary.CosSin(), 1e-6);
    }

    private void CompareTeacher(GoldenSet golden, ImageGenerator generator, int[] labels)
    {
        Tensor tokens = golden["teacher.indices"];
        Tensor logits = generator.PredictLogits(labels, tokens);
        CompareLogits(golden, "teacher", logits, null);
        Tensor loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten());
        Compare("teacher.loss", golden["teacher.loss"], loss.unsqueeze(0), LogitTolerance);
        logits.Dispose();
    }

    private void CompareRun(GoldenSet golden, ImageGenerator generator, int[] labels, JsonObject run)
    {
        using var scope = NewDisposeScope();
        string name = (string)run["run"]!;
        IReadOnlyList<GenerationPass> passes = generator.Transformer.Layout.Passes;
        Assert.Equal(
            run["input_pos"]!.AsArray().Select(positions => new GenerationPass((int)positions![0]!, positions.AsArray().Count)), passes);
        (SamplingOptions options, double[] scales) = CfgSchedules.ReadArguments(run["args"]!.AsObject(), passes);
        var logits = new List<Tensor>();
        using var generation = new TorchGenerationRun(generator.Transformer, new(labels), options, generator.Config.Tokens, scales);
        while (!generation.IsComplete)
        {
            logits.Add(generation.Predict());
            generation.Sample(logits[^1]);
        }
        Tensor tokens = generation.Step().ToTensor();
        Tensor all = cat(logits, 1);
        logits.ForEach(part => part.Dispose());

        // Up to where rounding decides, which may send everything after it elsewhere.
        Tensor decided = (golden[$"{name}.margin"] > DecidedMargin).to(ScalarType.Int64).cumprod(1).to(ScalarType.Bool); // [2, N]
        long differing = (golden[$"{name}.tokens"] != tokens).logical_and(decided).sum().item<long>();
        output.WriteLine($"{name}.tokens: {differing} differ of {decided.sum().item<long>()} decided, {decided.numel()} in all");
        if (differing > 0)
            faults.Add($"{name}.tokens: {differing} decided tokens differ");
        CompareLogits(golden, name, all, decided);
        tokens.Dispose();
    }

    /// <summary>All logits, or the largest eight, where a row's tokens so far were decided.</summary>
    private void CompareLogits(GoldenSet golden, string name, Tensor logits, Tensor? decided)
    {
        if (golden.Names.Contains($"{name}.logits"))
        {
            Compare($"{name}.logits", golden[$"{name}.logits"], logits, LogitTolerance, decided);
            return;
        }
        Tensor indices = golden[$"{name}.top8.indices"];
        Compare($"{name}.top8", golden[$"{name}.top8.values"], logits.gather(2, indices), LogitTolerance, decided);
    }

    private void Compare(string name, Tensor expected, Tensor actual, double tolerance, Tensor? decided = null)
    {
        Assert.Equal(expected.shape, actual.shape);
        Tensor difference = (expected - actual).abs();
        if (decided is not null)
            difference = difference * decided.unsqueeze(-1);
        double error = difference.max().item<float>();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: largest difference {error:g3} (allowed {tolerance:g1})"));
        if (!(error <= tolerance))
            faults.Add($"{name}: {error:g3} > {tolerance:g1}");
    }
}
