using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>Between images' bytes and tensors.</summary>
internal static class ImageBatch
{
    /// <summary>Stacks images.</summary>
    /// <param name="batch">Interleaved RGB of S×S pixels each.</param>
    /// <param name="side">S.</param>
    /// <param name="device">Where to.</param>
    /// <returns>float32 [B, 3, S, S] in [0, 1].</returns>
    public static Tensor ToTensor(IReadOnlyList<byte[]> batch, int side, Device device)
    {
        using var scope = NewDisposeScope();
        var bytes = new byte[batch.Count * 3 * side * side];
        for (int i = 0; i < batch.Count; i++)
        {
            if (batch[i].Length != 3 * side * side)
                throw new ArgumentException($"An image to train on has {batch[i].Length} bytes, but {side}×{side} RGB pixels have {3 * side * side}.", nameof(batch));
            batch[i].CopyTo(bytes, i * 3 * side * side);
        }
        return tensor(bytes, [batch.Count, side, side, 3]).to(device).permute(0, 3, 1, 2).contiguous().to(ScalarType.Float32).div_(255).MoveToOuterDisposeScope();
    }

    /// <summary>Lays images out in rows.</summary>
    /// <param name="name">What they show.</param>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="rows">[B, 3, H, W] each, in [0, 1].</param>
    public static TrainingPreview Grid(string name, long step, IReadOnlyList<Tensor> rows)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] strips = [.. rows.Select(row => cat([.. row.unbind(0)], 2))]; // [3, H, B·W]
        Tensor rgb = cat(strips, 1).clamp(0, 1).mul(255).round_().to(ScalarType.Byte);
        Tensor rgba = cat([rgb, full([1, rgb.shape[1], rgb.shape[2]], 255, dtype: ScalarType.Byte, device: rgb.device)], 0);
        return new(name, step, (int)rgb.shape[2], (int)rgb.shape[1], rgba.permute(1, 2, 0).contiguous().cpu().data<byte>().ToArray());
    }
}
