using System.Diagnostics;
using ResTok.Benchmarks.Measuring;
using ResTok.Models.Evaluation;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Evaluation: images a second of the Inception network against large products, and time and memory of the metrics on many features.</summary>
internal sealed class EvaluationCommand(BenchmarkSettings settings, int features)
{
    /// <summary>Of an image of 299 × 299: the sum over the 94 convolutions.</summary>
    private const double InceptionFlops = 11.42e9;

    private const int Batch = 8, Reference = 10_000, Part = 500;

    public void Run()
    {
        using var noGradient = no_grad();
        var table = new MarkdownTable("network", "number format", "images/s", "GFLOP/s", "a 2048³ product", "of that");
        foreach (ScalarType type in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            using var source = new RandomParameters(1, ResTok.Models.WeightInitialization.FanIn);
            using var network = new InceptionNetwork(source, type, CPU);
            using Tensor images = randint(0, 256, [Batch, 3, 256, 256], dtype: ScalarType.Byte), square = randn([2048, 2048], dtype: type);
            Samples seconds = new(), product = new();
            network.Forward(images).Dispose(); // to warm up
            for (int round = 0; round < settings.Rounds; round++)
            {
                product.Time(() => square.mm(square).Dispose());
                seconds.Time(() => network.Forward(images).Dispose());
            }
            double rate = Batch * InceptionFlops / seconds.Median / 1e9, ceiling = 2 * Math.Pow(2048, 3) / product.Median / 1e9;
            table.Add("Inception", $"{type}", $"{Batch / seconds.Median:0.00}", $"{rate:0}", $"{ceiling:0}", $"{rate / ceiling:0 %}");
        }
        table.Print();
        Metrics();
    }

    /// <summary>Made-up features, as many as an evaluation of 50,000 images has.</summary>
    private void Metrics()
    {
        var table = new MarkdownTable($"{features} generated against {Reference} real", "seconds", "peak memory (MB)");
        using FeatureSet generated = new(InceptionNetwork.Features, keepsRows: true), real = new(InceptionNetwork.Features, keepsRows: true), spatial = new(InceptionNetwork.SpatialFeatures, keepsRows: false);
        using var logits = new FeatureRows(InceptionNetwork.Classes);
        Row("gathering", () =>
        {
            for (int done = 0; done < features; done += Part)
            {
                using var scope = NewDisposeScope();
                Tensor rows = randn([Part, InceptionNetwork.Features]);
                generated.Add(rows);
                spatial.Add(rows.narrow(1, 0, InceptionNetwork.SpatialFeatures));
                logits.Add(rows.narrow(1, 0, InceptionNetwork.Classes));
                if (done < Reference)
                    real.Add(rows + 0.1);
            }
        });
        Row("FID", () => generated.DistanceTo(real));
        Row("Inception Score", () => InceptionScore.OfParts(logits.Parts(InceptionScore.Part)));
        Row("precision and recall", () => generated.PrecisionAndRecall(real));
        table.Print();

        void Row(string name, Action call)
        {
            long start = Stopwatch.GetTimestamp();
            call();
            table.Add(name, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0}", $"{ProcessMemory.Peak >> 20}");
        }
    }
}
