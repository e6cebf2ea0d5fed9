using System.Buffers;
using ResTok.MLNet.Images;
using ResTok.Tool.Inputs;

namespace ResTok.Tool.Work;

/// <summary>An image on its way to the model: its views' pixels, or what is wrong with it. Disposing gives the buffer back.</summary>
internal sealed class PreparedImage(InputImage image) : IDisposable
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private float[]? buffer;

    public string Id => image.Id;

    public int? Label => image.Label;

    /// <summary>What is wrong with it, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>Planar RGB of each view.</summary>
    public ReadOnlySpan<float> Pixels => buffer.AsSpan(0, Length);

    private int Length { get; set; }

    /// <summary>Decodes and cuts, on the thread that calls.</summary>
    /// <param name="views">What to cut.</param>
    /// <param name="scaledDecoding">Whether to decode no more of a JPEG than they need.</param>
    public void Prepare(IImageViews views, bool scaledDecoding)
    {
        try
        {
            using DecodedImage decoded = DecodedImage.Decode(image.Read(), $"'{image.Id}'", ImageFile.MostPixels, followOrientation: false, scaledDecoding ? views.ShorterEdge : null);
            Length = views.Count * 3 * views.Side * views.Side;
            buffer = ArrayPool<float>.Shared.Rent(Length);
            views.Cut(decoded, buffer.AsSpan(0, Length));
            done.SetResult();
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            Dispose();
            Fault = fault.Message;
            done.SetResult();
        }
        catch (Exception fault)
        {
            done.SetException(fault);
        }
    }

    /// <summary>Waits until it is prepared.</summary>
    public void Wait() => done.Task.GetAwaiter().GetResult();

    public void Dispose()
    {
        if (Interlocked.Exchange(ref buffer, null) is { } rented)
            ArrayPool<float>.Shared.Return(rented);
    }
}
