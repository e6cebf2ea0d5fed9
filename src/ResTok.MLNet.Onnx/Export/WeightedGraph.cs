using ResTok.MLNet.Onnx.Format;
using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>A graph whose constants are a model's parameters, under their official names.</summary>
/// <param name="name">The graph's name.</param>
/// <param name="parameters">The model's state dict, in use until the file is written.</param>
/// <param name="compute">The format of products and convolutions; norms, positions and what blocks add to stay float32.</param>
/// <param name="quantizes">Whether products with weights are of 8 bits.</param>
internal sealed class WeightedGraph(string name, IReadOnlyDictionary<string, TorchSharp.Modules.Parameter> parameters, ElementType compute, bool quantizes = false)
{
    public OnnxGraph Graph { get; } = new(name);

    public ElementType Compute => compute;

    /// <summary>Whether products with weights are of 8 bits.</summary>
    public bool Quantizes => quantizes;

    public bool Has(string parameter) => parameters.ContainsKey(parameter);

    /// <summary>The shape of a parameter.</summary>
    public long[] ShapeOf(string parameter) => parameters[parameter].shape;

    /// <summary>A parameter in the format of products.</summary>
    public Value Weight(string parameter, params long[] shape) => Weight(parameter, compute, shape);

    /// <summary>A parameter in float32.</summary>
    public Value WeightFloat32(string parameter, params long[] shape) => Weight(parameter, ElementType.Float32, shape);

    /// <summary>A matrix [outputs, inputs] as int8 [inputs, outputs], and the scale of each output.</summary>
    public (Value Weight, Value Scales) QuantizedWeight(string parameter)
    {
        TorchSharp.Modules.Parameter tensor = parameters[parameter];
        return (Graph.Initializer(parameter + " (Int8)", ElementType.Int8, [tensor.shape[1], tensor.shape[0]], stream => WriteQuantized(tensor, stream)),
            Graph.Initializer(parameter + " (scales)", ElementType.Float32, [tensor.shape[0]], stream =>
            {
                using var noGradient = no_grad();
                using var scope = NewDisposeScope();
                TensorBytes.Write(Scales(tensor).squeeze(1).contiguous(), stream);
            }));
    }

    private static void WriteQuantized(Tensor parameter, Stream stream)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        TensorBytes.Write((parameter.detach().to(ScalarType.Float32, CPU) / Scales(parameter)).round().to(ScalarType.Int8).t().contiguous(), stream);
    }

    /// <summary>[outputs, 1].</summary>
    private static Tensor Scales(Tensor parameter) => parameter.detach().to(ScalarType.Float32, CPU).abs().amax([1], keepdim: true).clamp_min(1e-12) / 127;

    private Value Weight(string parameter, ElementType type, long[] shape)
    {
        TorchSharp.Modules.Parameter tensor = parameters[parameter];
        long[] given = shape.Length > 0 ? shape : tensor.shape;
        return Graph.Initializer(type == ElementType.Float32 ? parameter : $"{parameter} ({type})", type, given, stream => Write(tensor, type, stream));
    }

    private static void Write(Tensor parameter, ElementType type, Stream stream)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ScalarType format = type switch
        {
            ElementType.Float16 => ScalarType.Float16,
            ElementType.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        TensorBytes.Write(parameter.detach().to(format, CPU).contiguous(), stream);
    }
}
