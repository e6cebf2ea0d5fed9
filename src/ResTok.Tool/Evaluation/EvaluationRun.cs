using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Evaluation;

/// <summary>
/// Evaluates a tokenizer, and images that were generated, on a data set: alone, or as one of several workers whose parts are merged. A part
/// is sums, and each image's features for precision and recall.
/// </summary>
internal sealed class EvaluationRun : IDisposable
{
    private readonly EvaluationSettings settings;
    private readonly ImageTokenizer tokenizer;
    private readonly ImageGenerator? generator;
    private readonly RunMeter meter;
    private readonly ReconstructionCurve curve;
    private readonly ImageSetStatistics? real, rebuilt, generated; // with images that were generated
    private readonly List<long> positions = []; // of the images, in the order of their features

    /// <summary>Models stay the caller's; the generator is null where none is evaluated.</summary>
    public EvaluationRun(EvaluationSettings settings, ImageTokenizer tokenizer, ImageGenerator? generator, RunMeter meter)
    {
        (this.settings, this.tokenizer, this.generator, this.meter) = (settings, tokenizer, generator, meter);
        curve = new(tokenizer, settings.Weights, settings.TokenCounts, settings.SearchSteps);
        if (settings.Generates)
            (real, rebuilt, generated) = (NewSet(), NewSet(), NewSet());
    }

    public Gallery Gallery { get; } = new();

    /// <summary>Goes through this worker's share of the images.</summary>
    public void Run(CancellationToken stop)
    {
        foreach (ImageBatch batch in ReadAhead.Of(Read(position => position % settings.Worker.Count == settings.Worker.Index), 2, batch => batch.Dispose()))
        {
            using (batch)
            {
                stop.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                using (torch.NewDisposeScope())
                    Evaluate(batch);
                meter.Add(batch.Images.Length, Stopwatch.GetElapsedTime(start));
            }
        }
        if (settings.Generated is { } path && settings.Worker.Index == 0)
            AddGenerated(path, stop);
    }

    /// <summary>Writes what was gathered as this worker's part.</summary>
    public void SavePart(string folder)
    {
        string path = PartFolder(folder, settings.Worker.Index, settings.Worker.Count);
        Directory.CreateDirectory(path);
        using var state = new EvaluationState();
        curve.Save(state);
        real?.Save(state, "real");
        rebuilt?.Save(state, "rebuilt");
        generated?.Save(state, "generated");
        state.Set("positions", [.. positions.Select(position => (double)position)]);
        Gallery.Write(Path.Combine(path, "gallery.json"));
        state.Write(Path.Combine(path, "state.safetensors")); // the last: it says that the part is whole
    }

    public static bool HasPart(string folder, int index, int count) => File.Exists(Path.Combine(PartFolder(folder, index, count), "state.safetensors"));

    /// <summary>Adds the parts of all workers.</summary>
    /// <exception cref="InvalidDataException">One is missing.</exception>
    public void AddParts(string folder, int count)
    {
        int[] missing = [.. Enumerable.Range(0, count).Where(index => !HasPart(folder, index, count))];
        if (missing.Length > 0)
            throw new InvalidDataException($"Of the {count} workers' parts in '{folder}', these are missing: {string.Join(", ", missing)}. Run the command with --worker for each of them first.");
        for (int index = 0; index < count; index++)
        {
            string path = PartFolder(folder, index, count);
            using EvaluationState state = EvaluationState.Read(Path.Combine(path, "state.safetensors"));
            curve.Add(state);
            real?.Add(state, "real");
            rebuilt?.Add(state, "rebuilt");
            generated?.Add(state, "generated");
            positions.AddRange(state.Numbers("positions").Select(position => (long)position));
            Gallery.Add(Gallery.Read(Path.Combine(path, "gallery.json")));
        }
    }

    public EvaluationResult Result()
    {
        using ImageSetStatistics? given = settings.Reference is { } path ? ImageSetStatistics.FromNpz(path, settings.Weights, tokenizer.Device) : null;
        return new()
        {
            Model = settings.Model,
            Generator = settings.Generator ?? settings.Generated,
            Data = string.Join(", ", settings.Inputs),
            Reference = settings.Reference,
            Sampling = settings.Generator is null ? null : settings.Sampling,
            Networks = [.. new[] { (settings.Weights.Inception, "Inception"), (settings.Weights.AlexNet, "AlexNet"), (settings.Weights.ResNet18, "ResNet-18") }.Where(network => network.Item1 is not null).Select(network => network.Item2)],
            Reconstruction = [.. curve.Result().Select(point => new TokenCountResult(point.TokenCount, point.Metrics))],
            AgainstImages = generated?.CompareWith(given ?? real!),
            AgainstReconstructions = generated?.CompareWith(rebuilt!),
        };
    }

    /// <summary>Of each generated image of the gallery, the image whose features are nearest, read once more. A copy shows.</summary>
    public List<(GalleryEntry Generated, GalleryEntry Nearest)> Neighbours()
    {
        if (Gallery.Generated.Count == 0 || settings.Worker.Count > 1)
            return []; // with several workers, the first rows of features are not the first samples
        IReadOnlyList<(long Index, double Distance)> nearest = generated!.NearestIn(real!, Gallery.Generated.Count);
        HashSet<long> wanted = [.. nearest.Select(neighbour => positions[(int)neighbour.Index])];
        var entries = new Dictionary<long, GalleryEntry>();
        foreach (ImageBatch batch in Read(wanted.Contains))
        {
            using (batch)
            using (torch.NewDisposeScope())
            {
                for (int i = 0; i < batch.Images.Length; i++)
                    entries[batch.Images[i].Position] = new(batch.Images[i].Position, batch.Images[i].Id, 0, [Gallery.Png(batch.Pixels[i])]);
            }
        }
        return [.. Gallery.Generated.Zip(nearest, (entry, neighbour) => (entry, entries[positions[(int)neighbour.Index]] with { Score = Math.Sqrt(neighbour.Distance) }))];
    }

    public void Dispose()
    {
        curve.Dispose();
        real?.Dispose();
        rebuilt?.Dispose();
        generated?.Dispose();
    }

    private static string PartFolder(string folder, int index, int count) => Path.Combine(folder, $"part-{index}-of-{count}");

    private ImageSetStatistics NewSet() => new(settings.Weights, tokenizer.Device);

    private IEnumerable<ImageBatch> Read(Func<long, bool> isMine) =>
        ImageBatch.Read(settings.Inputs, tokenizer.Config.CropSize, settings.BatchSize, settings.Limit, isMine, meter);

    private void Evaluate(ImageBatch batch)
    {
        torch.Tensor? whole = null; // of the largest number of tokens
        IReadOnlyList<ReconstructionDistance> distances = curve.Add(batch.Pixels, (tokens, images) => whole = tokens == curve.TokenCounts[^1] ? images.clamp(0, 1).DetachFromDisposeScope() : null);
        using torch.Tensor last = whole!;
        positions.AddRange(batch.Images.Select(image => image.Position));
        for (int i = 0; i < distances.Count; i++)
        {
            double score = distances[i].Lpips ?? distances[i].ResNet18PerceptualDistance ?? -distances[i].Psnr;
            if (Gallery.Wants(score))
                Gallery.AddReconstruction(new(batch.Images[i].Position, batch.Images[i].Id, score, [Gallery.Png(batch.Pixels[i]), Gallery.Png(last[i])]));
        }
        real?.Add(Bytes(batch.Pixels));
        rebuilt?.Add(Bytes(last));
        if (generator is not null)
        {
            int classes = generator.Config.Classes;
            int[] labels = [.. batch.Images.Select(image => image.Label is { } label && label < classes ? label : (int)(image.Position % classes))];
            using torch.Tensor tokens = generator.Generate(new(labels) { RowIds = [.. batch.Images.Select(image => image.Position)] }, settings.Sampling);
            AddGenerated(tokens, [.. batch.Images.Select(image => image.Position)], i => $"class {generator.Config.ClassNames?[labels[i]] ?? $"{labels[i]}"}");
        }
    }

    /// <summary>8 bits, rounded, as files hold them.</summary>
    private static torch.Tensor Bytes(torch.Tensor images) => (images * 255).round().to(torch.ScalarType.Byte).cpu();

    private void AddGenerated(torch.Tensor tokens, long[] samples, Func<int, string> nameOf)
    {
        using torch.Tensor images = tokenizer.Decode(tokens);
        AddImages(images.clamp(0, 1), samples, nameOf);
    }

    private void AddImages(torch.Tensor images, long[] samples, Func<int, string> nameOf)
    {
        generated!.Add(Bytes(images));
        for (int i = 0; i < samples.Length; i++)
        {
            if (Gallery.WantsGenerated(samples[i]))
                Gallery.AddGenerated(new(samples[i], nameOf(i), 0, [Gallery.Png(images[i])]));
        }
    }

    /// <summary>Images that were generated elsewhere.</summary>
    private void AddGenerated(string path, CancellationToken stop)
    {
        if (path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase))
        {
            long sample = 0;
            foreach (int[][] rows in new MLContext().Data.LoadTokenTable(path).GetColumn<int[]>("Tokens").Chunk(settings.BatchSize))
            {
                stop.ThrowIfCancellationRequested();
                using var scope = torch.NewDisposeScope();
                AddGenerated(torch.tensor(rows.SelectMany(row => row.Select(token => (long)token)).ToArray(), [rows.Length, rows[0].Length]), [.. rows.Select(_ => sample++)], _ => "");
            }
            return;
        }
        foreach (ImageBatch batch in ImageBatch.Read([path], tokenizer.Config.CropSize, settings.BatchSize, long.MaxValue, _ => true, meter))
        {
            using (batch)
            using (torch.NewDisposeScope())
            {
                stop.ThrowIfCancellationRequested();
                AddImages(batch.Pixels, [.. batch.Images.Select(image => image.Position)], i => batch.Images[i].Id);
            }
        }
    }
}
