using System.Runtime.Intrinsics;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Where this library computes by itself and not by libtorch: on a CPU, where no gradient is wanted, in float32, and with weights of
/// bfloat16 where <see cref="BfloatProduct"/> is known. Weights are packed once, and what follows a product is done while its sums are at hand. <c>RESTOK_KERNELS=plain</c> leaves everything to libtorch. What it gains:
/// docs/performance.md.
/// </summary>
internal static unsafe class OwnKernels
{
    /// <summary>Floats, or words, of a cache line. So far apart from a power of two, rows lie at different places of the first-level cache.</summary>
    public const int Line = 16;

    private static readonly bool IsWanted = Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian
        && Environment.GetEnvironmentVariable(ProcessorCure.Setting) != ProcessorCure.Plain;

    /// <summary>Whether what is computed from this tensor is computed here.</summary>
    public static bool Suit(Tensor x) => x.dtype == ScalarType.Float32 && SuitFolded(x);

    /// <summary>Whether <see cref="FoldedConvolution"/>, which knows float64 too, computes from this tensor.</summary>
    public static bool SuitFolded(Tensor x) =>
        IsWanted && x.dtype is ScalarType.Float32 or ScalarType.Float64 && x.device_type == DeviceType.CPU && !is_grad_enabled() && TensorMemory.IsKnown;

    /// <summary>Whether a layer with this weight, float32 or bfloat16, computes what follows from this tensor here.</summary>
    public static bool Suit(Tensor x, Tensor weight) => Suit(x) && (weight.dtype == ScalarType.Float32 || weight.dtype == ScalarType.BFloat16 && BfloatProduct.IsKnown);

    /// <summary>The format of what goes through a network with such weights: float32 where products in bfloat16 are computed here.</summary>
    public static ScalarType Format(ScalarType weights, Device device) =>
        weights == ScalarType.BFloat16 && device.type == DeviceType.CPU && !is_grad_enabled() && IsWanted && TensorMemory.IsKnown && BfloatProduct.IsKnown ? ScalarType.Float32 : weights;

    /// <summary>Contiguous and in float32.</summary>
    public static Tensor? Floats(Tensor? tensor) => tensor?.to(ScalarType.Float32).contiguous();

    /// <summary>A tensor to be written whole, in memory that <see cref="NativeFloats"/> lends.</summary>
    public static Tensor Empty(params long[] shape) => NativeFloats.Lend(shape);

    /// <inheritdoc cref="Empty(long[])"/>
    public static Tensor Empty(ScalarType type, params long[] shape) => NativeFloats.Lend(shape, type);

    /// <summary>Of a contiguous tensor, or null of none.</summary>
    public static float* Pointer(Tensor? tensor) => tensor is null ? null : TensorMemory.Floats(tensor);
}
