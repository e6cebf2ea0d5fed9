using System.Diagnostics;
using ResTok.Models;
using ResTok.Tool.Inputs;
using TorchSharp;

namespace ResTok.Tool.Work;

/// <summary>Takes the tokens of a data set, view by view of image by image.</summary>
internal delegate void TokenSink(string id, int? label, int view, ReadOnlySpan<int> tokens);

/// <summary>An input that could not be used.</summary>
/// <param name="Id">What it is called.</param>
/// <param name="Error">What is wrong with it.</param>
internal sealed record InvalidInput(string Id, string Error);

/// <summary>
/// Encodes images in batches of a fixed size, which only the last of a run falls short of: rounding depends on the batch, and so bytes
/// depend on nothing but the images and the plan. Scaled decoding decodes no more of a JPEG than the views need.
/// </summary>
internal sealed class EncodingRun(ImageTokenizer tokenizer, IImageViews views, bool scaledDecoding, int batchSize, int decoders, bool failOnInvalid, RunMeter meter)
{
    private readonly int imagesPerBatch = Math.Max(1, batchSize / views.Count);
    private readonly int valuesPerImage = views.Count * 3 * views.Side * views.Side;

    /// <returns>The images that could not be used, in order.</returns>
    /// <exception cref="InvalidDataException">An image cannot be used, and such are to fail.</exception>
    /// <exception cref="OperationCanceledException">It was stopped, after a batch.</exception>
    public List<InvalidInput> Run(IEnumerable<InputImage> images, TokenSink sink, CancellationToken cancellationToken)
    {
        var invalid = new List<InvalidInput>();
        foreach (Batch batch in ReadAhead.Of(Batches(images), 2))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (InvalidInput input in batch.Invalid)
            {
                if (failOnInvalid)
                    throw new InvalidDataException(input.Error);
                invalid.Add(input);
                meter.AddInvalid();
            }
            if (batch.Images.Count > 0)
                Encode(batch, sink);
        }
        return invalid;
    }

    private void Encode(Batch batch, TokenSink sink)
    {
        int rows = batch.Images.Count * views.Count;
        long[] tokens;
        long start = Stopwatch.GetTimestamp();
        using (torch.NewDisposeScope())
        {
            torch.Tensor pixels = torch.tensor(batch.Pixels.AsMemory(0, batch.Images.Count * valuesPerImage), [rows, 3, views.Side, views.Side]);
            using TokenizerEncoding encoding = tokenizer.Encode(pixels);
            tokens = encoding.Tokens.cpu().data<long>().ToArray();
        }
        meter.Add(batch.Images.Count, Stopwatch.GetElapsedTime(start));
        int perRow = tokens.Length / rows;
        int[] narrow = Array.ConvertAll(tokens, token => (int)token);
        for (int row = 0; row < rows; row++)
        {
            (string id, int? label) = batch.Images[row / views.Count];
            sink(id, label, row % views.Count, narrow.AsSpan(row * perRow, perRow));
        }
    }

    private IEnumerable<Batch> Batches(IEnumerable<InputImage> images)
    {
        Batch batch = NewBatch();
        foreach (PreparedImage image in new ImagePreparation(views, decoders, scaledDecoding).Run(images))
        {
            using (image)
            {
                if (image.Fault is { } fault)
                {
                    batch.Invalid.Add(new(image.Id, fault));
                    continue;
                }
                image.Pixels.CopyTo(batch.Pixels.AsSpan(batch.Images.Count * valuesPerImage));
                batch.Images.Add((image.Id, image.Label));
            }
            if (batch.Images.Count < imagesPerBatch)
                continue;
            yield return batch;
            batch = NewBatch();
        }
        if (batch.Images.Count + batch.Invalid.Count > 0)
            yield return batch;
    }

    private Batch NewBatch() => new(new float[imagesPerBatch * valuesPerImage], [], []);

    private sealed record Batch(float[] Pixels, List<(string Id, int? Label)> Images, List<InvalidInput> Invalid);
}
