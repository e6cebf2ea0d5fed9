using System.Diagnostics;
using ResTok.Benchmarks.Measuring;
using ResTok.Models.Evaluation;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Time and memory of all metrics of generation, on made-up features.</summary>
/// <param name="features">Generated images, a multiple of 500.</param>
/// <param name="reference">Real images, a multiple of 500.</param>
internal sealed class MetricsCommand(int features, int reference)
{
    private const int Part = 500;

    public void Run()
    {
        var table = new MarkdownTable($"{features} generated against {reference} real", "result", "seconds", "of the processor", "peak memory (MB)");
        using FeatureSet generated = new(InceptionNetwork.Features, keepsRows: true), real = new(InceptionNetwork.Features, keepsRows: true);
        using FeatureSet spatial = new(InceptionNetwork.SpatialFeatures, keepsRows: false), realSpatial = new(InceptionNetwork.SpatialFeatures, keepsRows: false);
        using var logits = new FeatureRows(InceptionNetwork.Classes);
        using var random = new Generator(1);
        Row("the libraries", () => "");
        Row("gathering", () =>
        {
            for (int done = 0; done < Math.Max(features, reference); done += Part)
            {
                using var scope = NewDisposeScope();
                Tensor rows = randn([Part, InceptionNetwork.Features], generator: random);
                if (done < features)
                {
                    generated.Add(rows);
                    spatial.Add(rows.narrow(1, 0, InceptionNetwork.SpatialFeatures));
                    logits.Add(rows.narrow(1, 0, InceptionNetwork.Classes));
                }
                if (done < reference)
                {
                    Tensor others = randn([Part, InceptionNetwork.Features], generator: random) + 0.02;
                    real.Add(others);
                    realSpatial.Add(others.narrow(1, 0, InceptionNetwork.SpatialFeatures));
                }
            }
            return "";
        });
        Row("FID", () => $"{generated.DistanceTo(real):0.000}");
        Row("sFID", () => $"{spatial.DistanceTo(realSpatial):0.000}");
        Row("Inception Score", () => $"{InceptionScore.OfParts(logits.Parts(InceptionScore.Part)):0.000}");
        Row("precision and recall", () => generated.PrecisionAndRecall(real) is var (precision, recall) ? $"{precision:0.0000}, {recall:0.0000}" : "");
        table.Print();

        void Row(string name, Func<string> call)
        {
            long start = Stopwatch.GetTimestamp();
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            string result = call();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, ofProcessor = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
            table.Add(name, result, $"{seconds:0.0}", $"{ofProcessor:0.0}", $"{ProcessMemory.Peak >> 20}");
        }
    }
}
