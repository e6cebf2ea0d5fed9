using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Parameters;

/// <summary>
/// A place in a model's tree of parameters. Layers take theirs from a scope, which knows the dotted prefix, the device and the
/// number format, and records everything in the model's state dict.
/// </summary>
internal sealed class ParameterScope
{
    private readonly IParameterSource source;
    private readonly Dictionary<string, Parameter> stateDict;
    private readonly string prefix;
    private readonly Device device;
    private readonly ScalarType dataType;

    public ParameterScope(IParameterSource source, Dictionary<string, Parameter> stateDict, Device device, ScalarType dataType)
        : this(source, stateDict, device, dataType, "")
    {
    }

    private ParameterScope(
        IParameterSource source, Dictionary<string, Parameter> stateDict, Device device, ScalarType dataType, string prefix)
    {
        this.source = source;
        this.stateDict = stateDict;
        this.device = device;
        this.dataType = dataType;
        this.prefix = prefix;
    }

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
