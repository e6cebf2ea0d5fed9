using TorchSharp;

namespace ResTok.MLNet.Evaluation;

/// <summary>RGB of an image of a row.</summary>
/// <param name="Rgb">Interleaved.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
internal readonly record struct RgbImage(byte[] Rgb, int Width, int Height);

/// <summary>From rows to tensors.</summary>
internal static class ImageBatches
{
    /// <summary>Consecutive samples in batches of images of one size.</summary>
    /// <param name="samples">One after the other.</param>
    /// <param name="batchSize">Samples of a batch at most.</param>
    /// <param name="imageOf">The image of a sample that tells its size.</param>
    public static IEnumerable<List<T>> Of<T>(IEnumerable<T> samples, int batchSize, Func<T, RgbImage> imageOf)
    {
        var batch = new List<T>();
        foreach (T sample in samples)
        {
            RgbImage image = imageOf(sample);
            if (batch.Count == batchSize || (batch.Count > 0 && (imageOf(batch[0]).Width, imageOf(batch[0]).Height) != (image.Width, image.Height)))
            {
                yield return batch;
                batch = [];
            }
            batch.Add(sample);
        }
        if (batch.Count > 0)
            yield return batch;
    }

    /// <returns>uint8 [B, 3, H, W]; the caller disposes it.</returns>
    public static torch.Tensor Bytes(IReadOnlyList<RgbImage> images)
    {
        using var scope = torch.NewDisposeScope();
        int height = images[0].Height, width = images[0].Width;
        var bytes = new byte[images.Count * 3 * height * width];
        for (int i = 0; i < images.Count; i++)
            images[i].Rgb.CopyTo(bytes, i * 3 * height * width);
        return torch.tensor(bytes, [images.Count, height, width, 3]).permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <returns>float32 [B, 3, H, W] in [0, 1]; the caller disposes it.</returns>
    public static torch.Tensor Floats(IReadOnlyList<RgbImage> images)
    {
        using torch.Tensor bytes = Bytes(images);
        using var scope = torch.NewDisposeScope();
        return (bytes.to(torch.ScalarType.Float32) / 255).MoveToOuterDisposeScope();
    }
}
