using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>A network that tells images from reconstructions.</summary>
internal abstract class Discriminator(IParameterSource source, Device device) : AuxiliaryNetwork(source, device)
{
    /// <summary>Tensors that change in training beside the trained parameters, for checkpoints.</summary>
    public virtual IEnumerable<KeyValuePair<string, Tensor>> Buffers => [];

    /// <summary>Those parameters that are trained.</summary>
    public virtual IReadOnlyDictionary<string, Parameter> Trained => Parameters;

    /// <summary>Makes the one that is asked for, with fresh weights to train.</summary>
    /// <exception cref="Checkpoints.CheckpointException">The DINO checkpoint is missing or not what it should be.</exception>
    public static Discriminator Create(TokenizerTrainingOptions options, Device device)
    {
        using var random = new RandomParameters(options.Seed + 1);
        return options.Discriminator == DiscriminatorKind.Dino
            ? new DinoDiscriminator(Load(options.DinoCheckpoint!, source => new DinoTransformer(source, device)), random, device)
            : new LayerDiscriminator(random, device);
    }

    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="generator">What to draw from.</param>
    /// <returns>Logits, [B, n] or [B, 1, h, w]: high for images.</returns>
    public abstract Tensor Forward(Tensor images, torch.Generator generator);
}
