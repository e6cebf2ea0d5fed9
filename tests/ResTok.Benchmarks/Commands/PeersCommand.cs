using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ResTok.Benchmarks.Arithmetic;
using ResTok.Benchmarks.Measuring;
using ResTok.MLNet.Onnx;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Number formats of ONNX Runtime.</summary>
internal enum PeerPrecision
{
    Float32,
    Float16,

    /// <summary>Products with weights; a scale for each output and one for all rows of the other factor.</summary>
    Int8,
}

/// <summary>This library against ONNX Runtime on the same weights, in turns in one process.</summary>
internal sealed class PeersCommand(BenchmarkSettings settings, IReadOnlyList<PeerPrecision> peerPrecisions, bool pauses)
{
    private readonly MarkdownTable table = new(
        $"{settings.Size}, rounds: {settings.Rounds}", "batch", "by", "precision", "s/image", "±", "× ResTok Float32", "CPU s/image", "× ResTok Float32", "GFLOP/s", "of peak");

    private readonly List<IDisposable> owned = [];
    private readonly ProcessorPeak peak = new();

    public void Run()
    {
        using var options = new SessionOptions { IntraOpNumThreads = get_num_threads() };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("restok-peers-");
        try
        {
            Measure(Tokenizers(folder.FullName, options));
            Measure(Generators(folder.FullName, options));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        table.Print();
        Console.WriteLine($"Peak: {peak.Gigaflops:0} GFLOP/s of float32 multiply-adds, {peak.ReadGigabytes:0.0} GB/s of reading memory, measured in each round. GFLOP/s count what the network's layers are defined to compute, not what a kernel saves.");
        Console.WriteLine($"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, CPU. Float16 on a CPU is converted to float32 and back; Int8 is of the products with weights. The columns with × are the median over rounds of what "
            + "ResTok in float32 takes over what the row takes: above 1 is faster. CPU seconds are of all threads; beside them, what else runs on the machine counts little. Generating is with guidance 3.75.");
    }

    /// <summary>Rounds in turn; then lets go of the models.</summary>
    private void Measure(List<Peer> peers)
    {
        foreach (Peer peer in peers.DistinctBy(peer => (peer.What, peer.By, peer.Precision)))
        {
            for (int i = 0; i < (peer.What == "generate" ? Subjects.GenerationsToWarmUp : 1); i++)
                peer.Call();
        }
        if (pauses)
        {
            Console.WriteLine("Ready: give a line to measure.");
            Console.ReadLine();
        }
        for (int round = 0; round < settings.Rounds; round++)
        {
            peak.Measure();
            peers.ForEach(peer => peer.RunRound());
        }
        if (pauses)
            Console.WriteLine("Measured.");
        foreach (Peer peer in peers.OrderBy(peer => peer.What, StringComparer.Ordinal).ThenBy(peer => peer.Batch))
        {
            Peer? ours = peers.Find(other => other.What == peer.What && other.Batch == peer.Batch && other is { By: "ResTok", Precision: "Float32" });
            table.Add(peer.What, $"{peer.Batch}", peer.By, peer.Precision, $"{peer.Times.Median / peer.Batch:0.000}", $"{peer.Times.Spread:0 %}", ours is null ? "" : $"{ours.Times.Over(peer.Times):0.00}",
                $"{peer.Cpu.Median / peer.Batch:0.000}", ours is null ? "" : $"{ours.Cpu.Over(peer.Cpu):0.00}",
                $"{Flops(peer) / peer.Times.Median / 1e9:0}", $"{Flops(peer) / peer.Times.Median / 1e9 / peak.Gigaflops:0 %}");
        }
        owned.ForEach(item => item.Dispose());
        owned.Clear();
    }

    private List<Peer> Tokenizers(string folder, SessionOptions options)
    {
        var peers = new List<Peer>();
        TokenizerConfig config = Subjects.TokenizerConfig(settings.Size);
        foreach (Precision precision in settings.Precisions)
        {
            ImageTokenizer tokenizer = Own(Subjects.Tokenizer(settings.Size, precision));
            foreach (int batch in settings.Batches)
            {
                Tensor images = Own(Subjects.Images(batch, config)), tokens = Own(tensor(Tokens(batch, config).SelectMany(row => row).ToArray(), [batch, config.LatentTokens], ScalarType.Int64));
                peers.Add(new("encode", batch, "ResTok", $"{precision}", () => tokenizer.Encode(images).Dispose()));
                peers.Add(new("decode", batch, "ResTok", $"{precision}", () => tokenizer.Decode(tokens).Dispose()));
            }
        }
        foreach (PeerPrecision precision in peerPrecisions)
        {
            string place = Export(folder, precision, () => Subjects.Tokenizer(settings.Size, Precision.Float32), (model, path, how) => model.ExportOnnx(path, how));
            OnnxTokenizer onnx = Own(OnnxTokenizer.Load(place, options));
            foreach (int batch in settings.Batches)
            {
                using Tensor images = Subjects.Images(batch, config);
                float[] pixels = images.data<float>().ToArray();
                int[][] tokens = Tokens(batch, config);
                peers.Add(new("encode", batch, "ONNX Runtime", $"{precision}", () => onnx.Encode(pixels)));
                peers.Add(new("decode", batch, "ONNX Runtime", $"{precision}", () => onnx.Decode(tokens)));
            }
        }
        return peers;
    }

    private List<Peer> Generators(string folder, SessionOptions options)
    {
        var peers = new List<Peer>();
        foreach (Precision precision in settings.Precisions)
        {
            ImageGenerator generator = Own(Subjects.Generator(settings.Size, precision));
            foreach (int batch in settings.Batches)
                peers.Add(new("generate", batch, "ResTok", $"{precision}", () => generator.Generate(Request(batch), Subjects.Sampling).Dispose()));
        }
        foreach (PeerPrecision precision in peerPrecisions)
        {
            string place = Export(folder, precision, () => Subjects.Generator(settings.Size, Precision.Float32), (model, path, how) => model.ExportOnnx(path, how));
            OnnxGenerator onnx = Own(OnnxGenerator.Load(place, options));
            foreach (int batch in settings.Batches)
                peers.Add(new("generate", batch, "ONNX Runtime", $"{precision}", () => onnx.Generate(Request(batch), Subjects.Sampling)));
        }
        return peers;
    }

    private static string Export<TModel>(string folder, PeerPrecision precision, Func<TModel> create, Action<TModel, string, OnnxExportOptions> export)
        where TModel : PretrainedModel
    {
        string place = Path.Combine(folder, $"{typeof(TModel).Name}-{precision}");
        using TModel model = create();
        long start = Stopwatch.GetTimestamp();
        export(model, place, new() { Precision = precision == PeerPrecision.Float16 ? OnnxPrecision.Float16 : OnnxPrecision.Float32, QuantizesProducts = precision == PeerPrecision.Int8 });
        long bytes = new DirectoryInfo(place).GetFiles().Sum(file => file.Length);
        Console.WriteLine($"Exported the {typeof(TModel).Name} in {precision}: {bytes / 1e9:0.00} GB in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
        return place;
    }

    private double Flops(Peer peer) => peer.What switch
    {
        "encode" => new TokenizerArithmetic(Subjects.TokenizerConfig(settings.Size), peer.Batch).Encode().Sum(work => work.Count * work.Operation.Flops),
        "decode" => new TokenizerArithmetic(Subjects.TokenizerConfig(settings.Size), peer.Batch).Decode().Sum(work => work.Count * work.Operation.Flops),
        _ => new GeneratorArithmetic(Subjects.GeneratorConfig(settings.Size), 2 * peer.Batch).Flops,
    };

    private static GenerationRequest Request(int batch) => new([.. Enumerable.Range(0, batch)]);

    private static int[][] Tokens(int batch, TokenizerConfig config)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, batch).Select(_ => Enumerable.Range(0, config.LatentTokens).Select(_ => random.Next(config.CodebookSize)).ToArray())];
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        owned.Add(item);
        return item;
    }

    private sealed record Peer(string What, int Batch, string By, string Precision, Action Call)
    {
        public Samples Times { get; } = new();

        /// <summary>Processor time.</summary>
        public Samples Cpu { get; } = new();

        public void RunRound()
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Times.Time(Call);
            Cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }
    }
}
