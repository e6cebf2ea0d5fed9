using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>A network that tells pictures from reconstructions.</summary>
internal abstract class Discriminator(IParameterSource source, Device device) : AuxiliaryNetwork(source, device)
{
    /// <summary>Tensors that change in training beside the trained parameters, for checkpoints.</summary>
    public virtual IEnumerable<KeyValuePair<string, Tensor>> Buffers => [];

    /// <summary>Those parameters that are trained.</summary>
    public virtual IReadOnlyDictionary<string, Parameter> Trained => Parameters;

    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="generator">What to draw from.</param>
    /// <returns>Logits, [B, n] or [B, 1, h, w]: high for pictures.</returns>
    public abstract Tensor Forward(Tensor images, torch.Generator generator);
}
