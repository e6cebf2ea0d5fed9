using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A linear layer and what follows it: addend + scale · (factor · activation(x·Wᵀ + b)), each where it is given. Where
/// <see cref="OwnKernels"/> suit, in one pass on packed weights.
/// </summary>
internal static class CpuLinear
{
    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="activation">Of the product.</param>
    /// <param name="factor">[…, outputs] or null.</param>
    /// <param name="scale">[outputs] or null; only with an addend.</param>
    /// <param name="addend">[…, outputs], perhaps of a wider type, which the result then has; or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, Activation activation = Activation.None, Tensor? factor = null, Tensor? scale = null, Tensor? addend = null)
    {
        if (OwnKernels.Suit(x, weight))
            return PackedProduct.Apply(x, weight, bias, activation, factor, scale, addend);
        using var scope = NewDisposeScope();
        Tensor y = nn.functional.linear(x, weight, bias);
        y = activation switch { Activation.Gelu => InPlace.Gelu(y), Activation.Silu => InPlace.Silu(y), _ => y };
        if (factor is not null)
            y = y * factor;
        if (addend is not null)
            y = scale is null ? addend + y : addcmul(addend, scale.to(addend.dtype), y.to(addend.dtype), 1);
        return y.MoveToOuterDisposeScope();
    }
}
