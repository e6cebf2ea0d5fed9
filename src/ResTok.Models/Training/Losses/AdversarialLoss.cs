using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>
/// The game between tokenizer and discriminator: hinge loss with LeCam regularisation (Tseng et al., 2021), on augmented images
/// (reference <c>losses.py</c>).
/// </summary>
internal sealed class AdversarialLoss : IDisposable
{
    private const double MeanDecay = 0.999;

    private readonly TokenizerTrainingOptions options;
    private readonly Discriminator discriminator;
    private readonly bool augment;
    private readonly ParameterBlocks parameters;
    private readonly AdamW optimizer;
    private readonly Tensor means; // of the logits of images and of reconstructions, averaged over steps; float32 [2]

    /// <param name="discriminator">Taken over.</param>
    /// <param name="options">Weights, start and optimiser.</param>
    /// <param name="device">Where it is.</param>
    public AdversarialLoss(Discriminator discriminator, TokenizerTrainingOptions options, Device device)
    {
        this.discriminator = discriminator;
        this.options = options;
        augment = options.Discriminator == DiscriminatorKind.Dino; // as the reference
        parameters = new(discriminator.Trained, AdamW.KindOf);
        optimizer = new(parameters, options with { Steps = Math.Max(1, options.Steps - options.DiscriminatorStart) });
        means = zeros(2, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        SetTrainable(false);
    }

    /// <summary>For checkpoints.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() =>
    [
        .. discriminator.Trained.Select(entry => KeyValuePair.Create("discriminator." + entry.Key, (Tensor)entry.Value)),
        .. discriminator.Buffers.Select(entry => KeyValuePair.Create("discriminator." + entry.Key, entry.Value)),
        .. optimizer.State.Select(entry => KeyValuePair.Create("discriminator." + entry.Key, entry.Value)),
        KeyValuePair.Create("discriminator.lecam_means", means),
    ];

    public bool IsActive(long step) => step >= options.DiscriminatorStart;

    /// <summary>L_G: how little the discriminator takes reconstructions for images, a scalar with gradients.</summary>
    public Tensor GeneratorLoss(Tensor rebuilt, long seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new torch.Generator((ulong)seed);
        return (-discriminator.Forward(Augment(rebuilt, generator), generator).mean()).MoveToOuterDisposeScope();
    }

    /// <summary>Trains the discriminator on what the tokenizer made in a step.</summary>
    /// <param name="batches">Images and their reconstructions without gradients.</param>
    /// <param name="step">Of the run.</param>
    /// <param name="seed">Of this step.</param>
    /// <param name="metrics">Gets the losses.</param>
    public void Step(IReadOnlyList<(Tensor Images, Tensor Rebuilt)> batches, long step, long seed, Metrics metrics)
    {
        SetTrainable(true);
        using var generator = new torch.Generator((ulong)seed);
        foreach ((Tensor images, Tensor rebuilt) in batches)
        {
            using var scope = NewDisposeScope();
            Tensor real = discriminator.Forward(Augment(images, generator), generator);
            Tensor fake = discriminator.Forward(Augment(rebuilt, generator), generator);
            Tensor hinge = 0.5 * (nn.functional.relu(1 - real).mean() + nn.functional.relu(1 + fake).mean());
            Tensor loss = hinge + options.LeCamWeight * LeCam(real.mean(), fake.mean());
            metrics.Add("discriminator_loss", loss.item<float>());
            metrics.Add("logits_real", real.mean().item<float>());
            metrics.Add("logits_fake", fake.mean().item<float>());
            (loss / batches.Count).backward();
        }
        parameters.ClipGradients(options.MaxGradientNorm);
        optimizer.Step(step - options.DiscriminatorStart);
        parameters.ClearGradients();
        SetTrainable(false);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        parameters.Dispose();
        discriminator.Dispose();
        means.Dispose();
    }

    private Tensor LeCam(Tensor real, Tensor fake)
    {
        using var scope = NewDisposeScope();
        Tensor before = means.clone();
        Tensor loss = nn.functional.relu(real - before[1]).pow(2) + nn.functional.relu(before[0] - fake).pow(2);
        using (no_grad())
            means.mul_(MeanDecay).add_(stack([real, fake]), alpha: 1 - MeanDecay);
        return loss.MoveToOuterDisposeScope();
    }

    private Tensor Augment(Tensor images, torch.Generator generator) => augment ? DiffAugment.Apply(images, generator) : images;

    private void SetTrainable(bool trainable)
    {
        foreach (Parameter parameter in discriminator.Trained.Values)
            parameter.requires_grad = trainable;
    }
}
