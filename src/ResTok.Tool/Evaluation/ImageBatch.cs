using System.Collections.Immutable;
using ResTok.Models.Evaluation;
using ResTok.Tool.Inputs;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Evaluation;

/// <summary>Images to evaluate.</summary>
/// <param name="Pixels">float32 [B, 3, S, S] in [0, 1].</param>
/// <param name="Images">Of each: its position in the data set, what it is called, its class or null.</param>
internal sealed record ImageBatch(torch.Tensor Pixels, ImmutableArray<(long Position, string Id, int? Label)> Images) : IDisposable
{
    /// <summary>Images of data sets, or of an npz file of the official evaluators, batch by batch.</summary>
    /// <param name="inputs">What the command line names.</param>
    /// <param name="side">S.</param>
    /// <param name="batchSize">Images of a batch.</param>
    /// <param name="limit">How many images of the data set count.</param>
    /// <param name="isMine">Whether this process takes an image, by its position.</param>
    /// <param name="meter">Counts those that cannot be used, which are left out and named on standard error.</param>
    /// <exception cref="InvalidDataException">An npz file is damaged, or its images have another size.</exception>
    public static IEnumerable<ImageBatch> Read(IReadOnlyList<string> inputs, int side, int batchSize, long limit, Func<long, bool> isMine, RunMeter meter)
    {
        if (inputs is [var path] && IsNpz(path))
            return ReadNpz(path, side, batchSize, limit, isMine);
        var views = new WholeImage(side);
        IEnumerable<(InputImage Image, long Position)> wanted = ImageSources.Open(inputs).SelectMany(source => source.Read())
            .Select((image, position) => (Image: image, Position: (long)position)).TakeWhile(entry => entry.Position < limit).Where(entry => isMine(entry.Position));
        return ReadSources(wanted, views, batchSize, meter);
    }

    public static bool IsNpz(string path) => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    public void Dispose() => Pixels.Dispose();

    private static IEnumerable<ImageBatch> ReadSources(IEnumerable<(InputImage Image, long Position)> wanted, WholeImage views, int batchSize, RunMeter meter)
    {
        var positions = new Queue<long>(); // of the images under way, which come back in order
        int values = 3 * views.Side * views.Side;
        var pixels = new float[batchSize * values];
        var images = new List<(long, string, int?)>();
        foreach (PreparedImage image in new ImagePreparation(views, Environment.ProcessorCount).Run(wanted.Select(entry =>
        {
            lock (positions)
                positions.Enqueue(entry.Position);
            return entry.Image;
        })))
        {
            using (image)
            {
                long position;
                lock (positions)
                    position = positions.Dequeue();
                if (image.Fault is { } fault)
                {
                    meter.AddInvalid();
                    Console.Error.WriteLine($"not usable: {image.Id}: {fault}");
                    continue;
                }
                image.Pixels.CopyTo(pixels.AsSpan(images.Count * values));
                images.Add((position, image.Id, image.Label));
            }
            if (images.Count < batchSize)
                continue;
            yield return Batch();
            images.Clear();
        }
        if (images.Count > 0)
            yield return Batch();

        ImageBatch Batch() => new(torch.tensor(pixels.AsMemory(0, images.Count * values), [images.Count, 3, views.Side, views.Side]), [.. images]);
    }

    private static IEnumerable<ImageBatch> ReadNpz(string path, int side, int batchSize, long limit, Func<long, bool> isMine)
    {
        long at = 0;
        foreach (torch.Tensor bytes in NpzFile.ReadImages(path, batchSize))
        {
            if (bytes.shape[2] != side || bytes.shape[3] != side)
                throw new InvalidDataException($"The images of {path} have {bytes.shape[3]} x {bytes.shape[2]} pixels, but the model takes {side} x {side}.");
            using var scope = torch.NewDisposeScope();
            long first = at;
            long[] mine = [.. Enumerable.Range(0, (int)bytes.shape[0]).Select(i => first + i).Where(position => position < limit && isMine(position))];
            at += bytes.shape[0];
            if (mine.Length > 0)
            {
                torch.Tensor chosen = bytes.index_select(0, torch.tensor(mine.Select(position => position - first).ToArray()));
                yield return new((chosen.to(torch.ScalarType.Float32) / 255).DetachFromDisposeScope(), [.. mine.Select(position => (position, $"{Path.GetFileName(path)}:{position}", (int?)null))]);
            }
            if (at >= limit)
                yield break;
        }
    }
}
