using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>The bytes of tensors of any size, piece by piece: a span alone ends at 2 GB.</summary>
internal static class TensorBytes
{
    private const int Piece = 1 << 26;

    /// <summary>Copies bytes into a contiguous CPU tensor.</summary>
    public static void Copy(ReadOnlySpan<byte> source, Tensor target, long offset)
    {
        using Tensor flat = target.view(-1);
        int size = MappedFile.SizeOf(target.dtype);
        using Tensor part = flat.narrow(0, offset / size, source.Length / size);
        source.CopyTo(Span(part));
    }

    /// <summary>Fills a contiguous CPU tensor from a stream.</summary>
    /// <exception cref="EndOfStreamException">The stream ends before.</exception>
    public static void Read(Stream source, Tensor target) => ForEachPiece(target, bytes => source.ReadExactly(Span(bytes)));

    /// <summary>Writes a contiguous CPU tensor to a stream.</summary>
    public static void Write(Tensor source, Stream target) => ForEachPiece(source, bytes => target.Write(Span(bytes)));

    private static void ForEachPiece(Tensor tensor, Action<Tensor> action)
    {
        using Tensor flat = tensor.view(-1);
        long elements = Piece / MappedFile.SizeOf(tensor.dtype);
        for (long start = 0; start < flat.shape[0]; start += elements)
        {
            using Tensor piece = flat.narrow(0, start, Math.Min(elements, flat.shape[0] - start));
            action(piece);
        }
    }

    // Tensor.bytes is sized by the whole storage for some views, so cut it to the view's own elements.
    private static Span<byte> Span(Tensor contiguous) => contiguous.bytes[..checked((int)(contiguous.numel() * MappedFile.SizeOf(contiguous.dtype)))];
}
