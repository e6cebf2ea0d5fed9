using System.Diagnostics;
using System.Text.Json;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>
/// Loading a tokenizer from a file that the system's cache holds, against reading that file, and the memory it takes. Every figure comes
/// from a process of its own, since a process's peak only grows.
/// </summary>
internal sealed class LoadCommand(BenchmarkSettings settings)
{
    private const string ResultMark = "RESULT ";

    public void Run()
    {
        string folder = Directory.CreateTempSubdirectory("restok-benchmarks-").FullName;
        try
        {
            using (ImageTokenizer tokenizer = Subjects.Tokenizer(settings.Size, Precision.Float32))
                tokenizer.Save(folder);
            Compare(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>In a process of its own: loads, and encodes so many images, or where none reads the file.</summary>
    public static void RunChild(string folder, Precision precision, int batch, int? threads)
    {
        string file = Path.Combine(folder, "model.safetensors");
        Samples start = new(), load = new(), reading = new();
        start.Time(TorchRuntime.EnsureLoaded);
        if (threads is { } count)
            set_num_threads(count);
        long before = ProcessMemory.Peak;
        ImageTokenizer tokenizer = null!;
        load.Time(() => tokenizer = ImageTokenizer.Load(folder, precision: precision));
        long afterLoad = ProcessMemory.Peak;
        long weights = tokenizer.StateDict.Values.Sum(weight => weight.numel() * weight.ElementSize);
        if (batch == 0)
        {
            reading.Time(() => Read(file));
        }
        else
        {
            using Tensor one = Subjects.Images(1, tokenizer.Config), images = Subjects.Images(batch, tokenizer.Config);
            using (TokenizerEncoding encoding = tokenizer.Encode(one))
                tokenizer.Decode(encoding.Tokens).Dispose(); // mapped weights are resident only once they are used
            tokenizer.Encode(images).Dispose();
        }
        var figures = new LoadFigures(start.Median, load.Median, batch == 0 ? reading.Median : 0, weights, before, afterLoad, ProcessMemory.Peak);
        tokenizer.Dispose();
        Console.WriteLine(ResultMark + JsonSerializer.Serialize(figures));
    }

    private void Compare(string folder)
    {
        var times = new MarkdownTable($"{settings.Size}, processes: {settings.Rounds}", "precision", "load s", "±", "read the file s", "load ÷ read", "start libtorch s", "file GB");
        var memory = new MarkdownTable($"peak memory, {settings.Size}", "precision", "weights GB", "peak GB", "peak − weights GB", "of it libtorch and .NET before GB");
        double fileBytes = new FileInfo(Path.Combine(folder, "model.safetensors")).Length;
        int batch = settings.Batches.Max();
        foreach (Precision precision in settings.Precisions)
        {
            Samples load = new(), reading = new(), start = new();
            LoadFigures figures = null!;
            for (int round = 0; round < settings.Rounds; round++)
            {
                figures = StartChild(folder, precision, 0);
                load.Add(figures.LoadSeconds);
                reading.Add(figures.ReadSeconds);
                start.Add(figures.StartSeconds);
            }
            times.Add("load", $"{precision}", $"{load.Median:0.00}", $"{load.Spread:0 %}", $"{reading.Median:0.00}", $"{load.Over(reading):0.00}", $"{start.Median:0.00}", $"{fileBytes / 1e9:0.00}");
            AddMemory("load", figures, figures.PeakAfterLoad);
            figures = StartChild(folder, precision, batch);
            AddMemory($"encode, batch {batch}", figures, figures.Peak);

            void AddMemory(string what, LoadFigures of, long peak) => memory.Add(
                what, $"{precision}", $"{of.Weights / 1e9:0.00}", $"{peak / 1e9:0.00}", $"{(peak - of.Weights) / 1e9:0.00}", $"{of.PeakBefore / 1e9:0.00}");
        }
        times.Print();
        memory.Print();
    }

    private static LoadFigures StartChild(string folder, Precision precision, int batch)
    {
        using Process process = Process.Start(ThisProgram.Again("child", folder, $"{precision}", $"{batch}", "--threads", $"{get_num_threads()}"))!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string? result = output.Split('\n').FirstOrDefault(line => line.StartsWith(ResultMark, StringComparison.Ordinal));
        return result is null
            ? throw new InvalidOperationException($"The process that loads {folder} ended with {process.ExitCode} and without figures: {output}")
            : JsonSerializer.Deserialize<LoadFigures>(result[ResultMark.Length..])!;
    }

    private static void Read(string file)
    {
        var buffer = new byte[1 << 20];
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        while (stream.Read(buffer) > 0)
        {
        }
    }
}

/// <summary>What a process that loads a tokenizer finds: seconds, and bytes.</summary>
/// <param name="StartSeconds">To load libtorch.</param>
/// <param name="LoadSeconds">From then until the first call could start.</param>
/// <param name="ReadSeconds">To read the weight file, or 0 where it was not.</param>
/// <param name="Weights">Of all parameters, in the model's precision.</param>
/// <param name="PeakBefore">Resident before loading.</param>
/// <param name="PeakAfterLoad">Resident up to the end of loading.</param>
/// <param name="Peak">Resident up to the end.</param>
internal sealed record LoadFigures(double StartSeconds, double LoadSeconds, double ReadSeconds, long Weights, long PeakBefore, long PeakAfterLoad, long Peak);
