using System.Text.Json.Nodes;
using ResTok.MLNet.Onnx.Running;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;
using ResTok.Models.Tests.Parity;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>Exported generators in ONNX Runtime against the reference implementation, with the tolerances of its golden sets.</summary>
[Trait("Category", "Parity")]
public class GeneratorParityTests(ITestOutputHelper output)
{
    private const double LogitTolerance = 1e-4;
    private const double DecidedMargin = 1e-3;

    private readonly ParityFaults faults = new(output);

    public static TheoryData<string> Sets => [.. GoldenSet.Folders("generator").Keys.Where(ParityFaults.IsWanted)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Generator_equals_the_reference(string set)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("generator")[set], "generator");
        using var folder = new TemporaryFolder();
        using (var generator = new ImageGenerator(golden.GeneratorConfig(), new Recipe(golden.Salt), null, Precision.Float32))
            generator.ExportOnnx(folder.Path);
        using var onnx = OnnxGenerator.Load(folder.Path);
        Assert.Equal(golden.GeneratorConfig(), onnx.Config);
        int[] labels = [.. golden.Description["labels"]!.AsArray().Select(label => (int)label!)];
        foreach (JsonNode? run in golden.Description["runs"]!.AsArray())
        {
            if (run!["error"] is null)
                CompareRun(golden, onnx, labels, run.AsObject());
        }
        faults.ThrowIfAny();
    }

    private void CompareRun(GoldenSet golden, OnnxGenerator onnx, int[] labels, JsonObject run)
    {
        using var scope = NewDisposeScope();
        string name = (string)run["run"]!;
        IReadOnlyList<GenerationPass> passes = new SequenceLayout(onnx.Config).Passes;
        (SamplingOptions options, double[] scales) = CfgSchedules.ReadArguments(run["args"]!.AsObject(), passes);
        var logits = new List<Tensor>();
        using OnnxGenerationRun generation = onnx.Start(new(labels), options, scales, guided => logits.Add(tensor(guided).view(labels.Length, -1, onnx.Config.CodebookSize)));
        while (!generation.IsComplete)
            generation.RunPass();
        Tensor tokens = tensor(generation.Step().Rows.SelectMany(row => row).Select(token => (long)token).ToArray(), [labels.Length, onnx.Config.Tokens]);

        // Up to where rounding decides, which may send everything after it elsewhere.
        Tensor decided = (golden[$"{name}.margin"] > DecidedMargin).to(ScalarType.Int64).cumprod(1).to(ScalarType.Bool); // [2, N]
        faults.CompareTokens($"{name}.tokens", golden[$"{name}.tokens"], tokens, decided);
        Tensor all = cat(logits, 1), same = decided.unsqueeze(-1);
        if (golden.Names.Contains($"{name}.logits"))
            faults.Compare($"{name}.logits", golden[$"{name}.logits"] * same, all * same, LogitTolerance);
        else
            faults.Compare($"{name}.top8", golden[$"{name}.top8.values"] * same, all.gather(2, golden[$"{name}.top8.indices"]) * same, LogitTolerance);
    }
}
