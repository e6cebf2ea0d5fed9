using System.Runtime.Intrinsics;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Where this library computes by itself and not by libtorch: in float32 on a CPU, where no gradient is wanted. Weights are packed once,
/// and what follows a product is done while its sums are at hand. <c>RESTOK_KERNELS=plain</c> leaves everything to libtorch. What it gains:
/// docs/performance.md.
/// </summary>
internal static unsafe class OwnKernels
{
    private static readonly bool IsWanted = Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian
        && Environment.GetEnvironmentVariable(ProcessorCure.Setting) != ProcessorCure.Plain;

    /// <summary>Whether what is computed from this tensor is computed here.</summary>
    public static bool Suit(Tensor x) => x.dtype == ScalarType.Float32 && SuitFolded(x);

    /// <summary>Whether <see cref="FoldedConvolution"/>, which knows float64 too, computes from this tensor.</summary>
    public static bool SuitFolded(Tensor x) =>
        IsWanted && x.dtype is ScalarType.Float32 or ScalarType.Float64 && x.device_type == DeviceType.CPU && !is_grad_enabled() && TensorMemory.IsKnown;

    /// <summary>A tensor to be written whole, in memory that <see cref="NativeFloats"/> lends.</summary>
    public static Tensor Empty(params long[] shape) => NativeFloats.Lend(shape);

    /// <inheritdoc cref="Empty(long[])"/>
    public static Tensor Empty(ScalarType type, params long[] shape) => NativeFloats.Lend(shape, type);

    /// <summary>Of a contiguous tensor, or null of none.</summary>
    public static float* Pointer(Tensor? tensor) => tensor is null ? null : TensorMemory.Floats(tensor);
}
