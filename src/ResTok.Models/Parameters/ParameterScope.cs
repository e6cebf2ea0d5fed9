using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Parameters;

/// <summary>
/// A place in a model's tree of parameters. Layers take theirs from a scope, which knows the dotted prefix, the device and the
/// number format, and records everything in the model's state dict.
/// </summary>
/// <param name="source">Gives them.</param>
/// <param name="stateDict">Gets them.</param>
/// <param name="device">Where they are to be.</param>
/// <param name="dataType">Their number format.</param>
/// <param name="prefix">What stands before their names, with a dot at its end; empty at the root.</param>
internal sealed class ParameterScope(IParameterSource source, Dictionary<string, Parameter> stateDict, Device device, ScalarType dataType, string prefix = "")
{
    /// <summary>The dotted name of the place; empty at the root.</summary>
    public string Name => prefix.TrimEnd('.');

    public ParameterScope this[string name] => new(source, stateDict, device, dataType, prefix + name + ".");

    public ParameterScope this[int index] => this[index.ToString(System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>The same place, with parameters kept in another number format.</summary>
    public ParameterScope As(ScalarType type) => new(source, stateDict, device, type, prefix);

    /// <summary>Takes a parameter from the source, on this scope's device and in its number format.</summary>
    public Parameter Parameter(string name, Initializer initializer, params long[] shape)
    {
        Tensor given = source.Get(prefix + name, shape, initializer);
        Tensor tensor = given;
        if (given.device_type != DeviceType.META)
        {
            tensor = given.to(dataType, device);
            if (!ReferenceEquals(tensor, given))
                given.Dispose();
        }
        var parameter = new Parameter(tensor, requires_grad: false);
        parameter.DetachFromDisposeScope();
        stateDict.Add(prefix + name, parameter);
        return parameter;
    }
}
