using ResTok.Models.Checkpoints;

namespace ResTok.Models;

/// <summary>The configuration of a kind of model.</summary>
/// <typeparam name="TSelf">The configuration itself.</typeparam>
public interface IModelConfig<TSelf>
    where TSelf : IModelConfig<TSelf>
{
    /// <summary>Reads the configuration of a saved model without its weights.</summary>
    /// <param name="path">A folder or weight file.</param>
    /// <exception cref="CheckpointException">There is no model or no configuration, or it cannot be used.</exception>
    static abstract TSelf Load(string path);

    /// <summary>Reads a configuration from its JSON.</summary>
    /// <param name="json">The official layout's <c>config.json</c>; stays open.</param>
    /// <exception cref="CheckpointException">It is not JSON, or it cannot be used.</exception>
    static abstract TSelf Load(Stream json);

    /// <summary>Checks that a model with this configuration can be built.</summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    void Validate();
}
