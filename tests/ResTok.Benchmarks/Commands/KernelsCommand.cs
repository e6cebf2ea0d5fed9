using System.Diagnostics;
using System.Globalization;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>
/// What each value of <c>RESTOK_KERNELS</c> costs: a process for each, which take turns. On a processor that shows its caches, auto and plain
/// are the same; on one that hides them, plain refuses to compute.
/// </summary>
internal sealed class KernelsCommand(BenchmarkSettings settings)
{
    private const string Setting = "RESTOK_KERNELS", Ready = "ready";
    private static readonly string[] Modes = ["auto", "plain", "safe"];

    public void Run()
    {
        var table = new MarkdownTable([$"{settings.Size}, rounds: {settings.Rounds}", "batch", "precision", .. Modes.Select(mode => mode + " s/image"), .. Modes[1..].Select(mode => "auto × " + mode)]);
        foreach (Precision precision in settings.Precisions)
        {
            foreach (int batch in settings.Batches)
                Measure(precision, batch, table);
        }
        table.Print();
    }

    private void Measure(Precision precision, int batch, MarkdownTable table)
    {
        Process?[] children = [.. Modes.Select(mode => Start(mode, precision, batch))];
        string[] calls = ["encode", "decode", "generate"];
        Samples[][] times = [.. calls.Select(_ => Modes.Select(_ => new Samples()).ToArray())];
        for (int round = 0; round < settings.Rounds; round++)
        {
            for (int mode = 0; mode < Modes.Length; mode++)
            {
                if (children[mode] is not { } child)
                    continue;
                child.StandardInput.WriteLine();
                for (int call = 0; call < calls.Length; call++)
                    times[call][mode].Add(double.Parse(child.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
            }
        }
        for (int call = 0; call < calls.Length; call++)
        {
            Samples[] of = times[call];
            table.Add([calls[call], $"{batch}", $"{precision}", .. Modes.Select((_, mode) => children[mode] is null ? "refused" : $"{of[mode].Median / batch:0.000}"),
                .. Modes.Select((_, mode) => children[mode] is null || children[0] is null ? "" : $"{of[mode].Over(of[0]):0.00}").Skip(1)]);
        }
        foreach (Process? child in children)
            End(child);
    }

    private Process? Start(string mode, Precision precision, int batch)
    {
        ProcessStartInfo start = ThisProgram.Again("turns", $"{precision}", $"{batch}", "--size", $"{settings.Size}");
        start.RedirectStandardInput = true;
        start.RedirectStandardError = true;
        start.Environment[Setting] = mode;
        Process child = Process.Start(start)!;
        _ = child.StandardError.ReadToEndAsync();
        if (child.StandardOutput.ReadLine() == Ready)
            return child;
        End(child);
        return null;
    }

    private static void End(Process? child)
    {
        child?.StandardInput.Close();
        child?.WaitForExit();
        child?.Dispose();
    }

    /// <summary>In a process of its own: measures each call once for every line that it reads.</summary>
    public static void RunChild(ModelSize size, Precision precision, int batch)
    {
        TorchRuntime.EnsureLoaded();
        using ImageTokenizer tokenizer = Subjects.Tokenizer(size, precision);
        using ImageGenerator generator = Subjects.Generator(size, precision);
        using Tensor images = Subjects.Images(batch, tokenizer.Config);
        using Tensor tokens = randint(0, tokenizer.Config.CodebookSize, [batch, tokenizer.Config.LatentTokens], ScalarType.Int64);
        var request = new GenerationRequest([.. Enumerable.Range(0, batch)]);
        Action[] calls = [() => tokenizer.Encode(images).Dispose(), () => tokenizer.Decode(tokens).Dispose(), () => generator.Generate(request, Subjects.Sampling).Dispose()];
        foreach (Action call in calls)
            call();
        Console.WriteLine(Ready);
        while (Console.ReadLine() is not null)
        {
            foreach (Action call in calls)
                Console.WriteLine(new Samples().Time(call).ToString(CultureInfo.InvariantCulture));
        }
    }
}
