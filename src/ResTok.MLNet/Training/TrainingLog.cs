using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models.Training;

namespace ResTok.MLNet.Training;

/// <summary>Reports a training run through ML.NET's log and writes its previews into the run folder.</summary>
internal sealed class TrainingLog(IHostEnvironment environment, TrainingOptions options) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        string metrics = string.Join(", ", value.Metrics.Select(metric => string.Create(CultureInfo.InvariantCulture, $"{metric.Key} {metric.Value:g4}")));
        MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
            $"Step {value.Step} of {value.Steps}: {metrics}; {value.SamplesPerSecond:0.0} samples/s, {value.TimeLeft:hh\\:mm\\:ss} left."));
        options.Progress?.Report(value);
    }

    public void Write(TrainingPreview preview)
    {
        options.OnPreview?.Invoke(preview);
        if (options.RunFolder is null)
            return;
        string folder = Path.Combine(options.RunFolder, "previews");
        Directory.CreateDirectory(folder);
        using MLImage image = MLImage.CreateFromPixels(preview.Width, preview.Height, MLPixelFormat.Rgba32, preview.Rgba);
        image.Save(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{preview.Name}-{preview.Step:000000}.png")));
    }
}
