using System.Diagnostics;
using ResTok.Benchmarks.Measuring;
using ResTok.Models.Evaluation;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Images a second of the Inception network, against the processor's own multiply-adds and against large products.</summary>
internal sealed class EvaluationCommand(BenchmarkSettings settings)
{
    /// <summary>Of an image of 299 × 299: the sum over the 94 convolutions.</summary>
    private const double InceptionFlops = 11.42e9;

    private const int Batch = 8;

    public void Run()
    {
        using var noGradient = no_grad();
        var table = new MarkdownTable("network", "number format", "images/s", "GFLOP/s", "multiply-adds", "of that", "by processor time", "a 2048³ product");
        foreach (ScalarType type in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            using var source = new RandomParameters(1, ResTok.Models.WeightInitialization.FanIn);
            using var network = new InceptionNetwork(source, type, CPU);
            using Tensor images = randint(0, 256, [Batch, 3, 256, 256], dtype: ScalarType.Byte), square = randn([2048, 2048], dtype: type);
            Samples seconds = new(), product = new(), ofProcessor = new();
            var peak = new ProcessorPeak();
            network.Forward(images).Dispose(); // to warm up
            for (int round = 0; round < settings.Rounds; round++)
            {
                peak.Measure();
                product.Time(() => square.mm(square).Dispose());
                TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
                seconds.Time(() => network.Forward(images).Dispose());
                ofProcessor.Add((Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / get_num_threads()); // which other programs leave alone
            }
            double rate = Batch * InceptionFlops / seconds.Median / 1e9, ceiling = peak.Gigaflops / (type == ScalarType.Float64 ? 2 : 1); // of registers that hold half as many
            table.Add("Inception", $"{type}", $"{Batch / seconds.Median:0.00}", $"{rate:0}", $"{ceiling:0}", $"{rate / ceiling:0 %}", $"{rate / ceiling * seconds.Median / ofProcessor.Median:0 %}", $"{2 * Math.Pow(2048, 3) / product.Median / 1e9:0}");
        }
        table.Print();
    }
}
