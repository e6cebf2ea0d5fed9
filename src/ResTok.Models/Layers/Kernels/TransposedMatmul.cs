using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// x·Wᵀ of few rows as (W·xᵀ)ᵀ: with the weights on the left MKL reads them at up to three times the speed. The generator's first
/// passes are such products.
/// </summary>
internal static class TransposedMatmul
{
    internal const long AwkwardRows = 6, PaddedRows = 16; // between these MKL takes longer than for the latter

    /// <param name="x">[…, inputs], float32 on the CPU.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Apply(Tensor x, Tensor weight)
    {
        using var scope = NewDisposeScope();
        long rows = x.numel() / x.shape[^1];
        Tensor flat = x.reshape(rows, x.shape[^1]);
        if (rows is >= AwkwardRows and < PaddedRows)
            flat = nn.functional.pad(flat, [0, 0, 0, PaddedRows - rows]);
        Tensor y = weight.mm(flat.t()).narrow(1, 0, rows).t().contiguous();
        return y.view([.. x.shape[..^1], weight.shape[0]]).MoveToOuterDisposeScope();
    }
}
