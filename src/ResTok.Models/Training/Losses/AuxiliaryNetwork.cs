using ResTok.Models.Checkpoints;
using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>A network that only training uses, in float32.</summary>
internal abstract class AuxiliaryNetwork : IDisposable
{
    private readonly Dictionary<string, Parameter> parameters = [];

    protected AuxiliaryNetwork(IParameterSource source, Device device)
    {
        Device = device;
        Root = new(source, parameters, device, ScalarType.Float32);
    }

    public IReadOnlyDictionary<string, Parameter> Parameters => parameters;

    protected Device Device { get; }

    protected ParameterScope Root { get; }

    /// <summary>Builds a network from the part of a checkpoint that it needs.</summary>
    /// <exception cref="CheckpointException">There is no checkpoint, or it lacks something.</exception>
    public static T Load<T>(string path, Func<IParameterSource, T> build)
        where T : AuxiliaryNetwork
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var source = new CheckpointParameters(checkpoint);
        T network = build(source);
        try
        {
            source.ThrowIfIncomplete();
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return network;
    }

    public virtual void Dispose()
    {
        foreach (Parameter parameter in parameters.Values)
            parameter.Dispose();
    }

    /// <summary>Images in [0, 1] as networks trained on ImageNet expect them.</summary>
    protected static Tensor Normalize(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var normalization = new ImageNetNormalization(images.device);
        return normalization.Apply(images).MoveToOuterDisposeScope();
    }
}
