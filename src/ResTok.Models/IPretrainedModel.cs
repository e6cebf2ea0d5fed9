using ResTok.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>A kind of model, as generic code loads it: <see cref="ImageTokenizer"/> or <see cref="ImageGenerator"/>.</summary>
/// <typeparam name="TSelf">The model itself.</typeparam>
/// <typeparam name="TConfig">Its configuration.</typeparam>
public interface IPretrainedModel<TSelf, TConfig>
    where TSelf : PretrainedModel, IPretrainedModel<TSelf, TConfig>
    where TConfig : class, IModelConfig<TConfig>
{
    /// <summary>What such a model is called in messages.</summary>
    static abstract string Kind { get; }

    /// <summary>The configuration the model was built with.</summary>
    TConfig Config { get; }

    /// <summary>Loads a saved model.</summary>
    /// <param name="path">A folder or weight file.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where it has been read before or no file holds it.</param>
    /// <exception cref="CheckpointException">Something is missing, damaged, or does not fit; the message lists all of it.</exception>
    static abstract TSelf Load(string path, Device? device = null, Precision precision = Precision.Float32, TConfig? config = null);

    /// <summary>Loads a model from a stream of weights into memory.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <exception cref="CheckpointException">Something is missing, damaged, or does not fit; the message lists all of it.</exception>
    static abstract TSelf Load(TConfig config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32);
}
