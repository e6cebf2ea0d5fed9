using ResTok.Models.Parameters;
using ResTok.Models.Tokenizer;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>The losses beside reconstruction and quantiser, those whose weight is not zero.</summary>
internal sealed class TokenizerLosses : IDisposable
{
    private readonly TokenizerTrainingOptions options;
    private readonly PerceptualLoss? perceptual;
    private readonly AdversarialLoss? adversarial;
    private readonly FoundationAlignment? alignment;
    private readonly List<(Tensor Images, Tensor Rebuilt)> judged = [];

    /// <param name="config">Of the tokenizer.</param>
    /// <param name="options">Weights and checkpoints.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="Checkpoints.CheckpointException">A network's checkpoint is missing or not what it should be.</exception>
    public TokenizerLosses(TokenizerConfig config, TokenizerTrainingOptions options, Device device)
    {
        this.options = options;
        try
        {
            if (options.PerceptualWeight > 0)
                perceptual = LoadPerceptual(options.VggCheckpoint!, options.LpipsCheckpoint!, device);
            if (options.AdversarialWeight > 0)
            {
                using var random = new RandomParameters(options.Seed + 1);
                Discriminator discriminator = options.Discriminator == DiscriminatorKind.Dino
                    ? new DinoDiscriminator(AuxiliaryNetwork.Load(options.DinoCheckpoint!, source => new DinoTransformer(source, device)), random, device)
                    : new LayerDiscriminator(random, device);
                adversarial = new(discriminator, options, device);
            }
            if (options.AlignmentWeight > 0)
            {
                using var random = new RandomParameters(options.Seed + 2);
                alignment = new(
                    DinoV3Transformer.Load(options.FoundationCheckpoint!, device), random,
                    VitDimensions.Of(config.EncoderSize).Width, VitDimensions.Of(config.DecoderSize).Width, options, device);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the decoder is to make features of for the alignment, or null without one.</summary>
    public Tensor? FeatureToken => alignment?.FeatureToken;

    /// <summary>For checkpoints.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() => [.. adversarial?.State() ?? [], .. alignment?.State() ?? []];

    /// <summary>Their weighted sum for a batch, or null where there are none.</summary>
    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="made">What the tokenizer made of them.</param>
    /// <param name="step">Of the run.</param>
    /// <param name="seed">Of the batch.</param>
    /// <param name="metrics">Gets each loss.</param>
    public Tensor? Sum(Tensor images, Reconstruction made, long step, long seed, Metrics metrics)
    {
        using var scope = NewDisposeScope();
        Tensor? total = null;
        void Add(string name, double weight, Tensor loss)
        {
            metrics.Add(name, loss.item<float>());
            total = total is null ? weight * loss : total + weight * loss;
        }
        if (perceptual is not null)
            Add("perceptual_loss", options.PerceptualWeight, perceptual.ForwardShifted(images, made.Images, new Random((int)seed)));
        if (alignment is not null)
            Add("alignment_loss", options.AlignmentWeight, alignment.Forward(images, made.CoarsestTokens, made.Features!));
        if (adversarial is not null && adversarial.IsActive(step))
        {
            Add("adversarial_loss", options.AdversarialWeight, adversarial.Doubt(made.Images, seed));
            judged.Add((images.detach().DetachFromDisposeScope(), made.Images.detach().DetachFromDisposeScope()));
        }
        return total?.MoveToOuterDisposeScope();
    }

    /// <summary>Trains the losses' own parts, after the tokenizer's step.</summary>
    /// <param name="step">Of the run.</param>
    /// <param name="seed">Of the step.</param>
    /// <param name="metrics">Gets the discriminator's losses.</param>
    public void Step(long step, long seed, Metrics metrics)
    {
        alignment?.Step(step);
        if (judged.Count == 0)
            return;
        adversarial!.Step(judged, step, seed, metrics);
        Forget();
    }

    public void Dispose()
    {
        Forget();
        perceptual?.Dispose();
        adversarial?.Dispose();
        alignment?.Dispose();
    }

    private void Forget()
    {
        foreach ((Tensor images, Tensor rebuilt) in judged)
        {
            images.Dispose();
            rebuilt.Dispose();
        }
        judged.Clear();
    }

    private static PerceptualLoss LoadPerceptual(string vgg, string heads, Device device) => AuxiliaryNetwork.Load(
        vgg, features => AuxiliaryNetwork.Load(heads, linear => new PerceptualLoss(new TwoSources(features, linear), device)));

    /// <summary>The features from one checkpoint, the heads from another.</summary>
    private sealed class TwoSources(IParameterSource features, IParameterSource heads) : IParameterSource
    {
        public Tensor Get(string name, long[] shape, Initializer initializer) =>
            (name.StartsWith("lin", StringComparison.Ordinal) ? heads : features).Get(name, shape, initializer);
    }
}
