using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models.Training;

namespace ResTok.MLNet.Training;

/// <summary>Reports a training run through ML.NET's log, writes its pictures into the run folder, and stops it with its context.</summary>
internal sealed class TrainingLog(IHostEnvironment environment, TrainingOptions options, CancellationToken cancellation) : IProgress<TrainingProgress>, IDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    /// <summary>Stops the run: the caller's token, or the context was cancelled.</summary>
    public CancellationToken Cancellation => stop.Token;

    public void Report(TrainingProgress value)
    {
        string metrics = string.Join(", ", value.Metrics.Select(metric => string.Create(CultureInfo.InvariantCulture, $"{metric.Key} {metric.Value:g4}")));
        MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
            $"Step {value.Step} of {value.Steps}: {metrics}; {value.SamplesPerSecond:0.0} samples/s, {value.TimeLeft:hh\\:mm\\:ss} left."));
        options.Progress?.Report(value);
        if (MLNetInternals.IsCanceled(environment))
            stop.Cancel();
    }

    public void Dispose() => stop.Dispose();

    public void Write(TrainingPicture picture)
    {
        options.OnPicture?.Invoke(picture);
        if (options.RunFolder is null)
            return;
        string folder = Path.Combine(options.RunFolder, "pictures");
        Directory.CreateDirectory(folder);
        using MLImage image = MLImage.CreateFromPixels(picture.Width, picture.Height, MLPixelFormat.Rgba32, picture.Rgba);
        image.Save(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{picture.Name}-{picture.Step:000000}.png")));
    }
}
