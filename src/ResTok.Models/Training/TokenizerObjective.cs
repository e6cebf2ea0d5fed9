using ResTok.Models.Evaluation;
using ResTok.Models.Parameters;
using ResTok.Models.Tokenizer.Networks;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// What a tokenizer's training minimises (arXiv 2601.03955, section 4; reference <c>losses.py</c>):
/// L = λ_rec·L_rec + λ_q·L_q + λ_p·LPIPS + λ_adv·L_G + λ_vf·L_align, and λ_r·ResNet-18 for those who have no weights of LPIPS's. It holds the
/// networks that some terms need and trains those of them that learn too.
/// </summary>
internal sealed class TokenizerObjective : IDisposable
{
    private readonly TokenizerTrainingOptions options;
    private readonly PerceptualLoss? perceptual;
    private readonly ResNet18Network? resNet;
    private readonly AdversarialLoss? adversarial;
    private readonly FoundationAlignment? alignment;
    private readonly List<(Tensor Images, Tensor Rebuilt)> pending = []; // of this step, for the discriminator

    /// <param name="config">Of the tokenizer.</param>
    /// <param name="options">Weights and checkpoints.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="Checkpoints.CheckpointException">A network's checkpoint is missing or not what it should be.</exception>
    public TokenizerObjective(TokenizerConfig config, TokenizerTrainingOptions options, Device device)
    {
        this.options = options;
        try
        {
            if (options.PerceptualWeight > 0)
                perceptual = PerceptualLoss.Load(options.VggCheckpoint!, options.LpipsCheckpoint!, device);
            if (options.ResNet18Weight > 0)
                resNet = ResNet18Network.Load(options.ResNet18Checkpoint!, device);
            if (options.AdversarialWeight > 0)
                adversarial = new(Discriminator.Create(options, device), options, device);
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

    /// <summary>The loss of a batch, a scalar with gradients. A term that is off is a constant zero.</summary>
    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="reconstruction">What the tokenizer made of them.</param>
    /// <param name="quantizer">The tokenizer's.</param>
    /// <param name="step">Of the run.</param>
    /// <param name="seed">Of the batch.</param>
    /// <param name="metrics">Gets each term.</param>
    public Tensor Loss(Tensor images, Reconstruction reconstruction, VectorQuantizer quantizer, long step, long seed, Metrics metrics)
    {
        using var scope = NewDisposeScope();
        Tensor rebuilt = reconstruction.Images, zero = zeros([], dtype: ScalarType.Float32, device: images.device);

        Tensor loss = options.ReconstructionWeight * Reconstruction()
            + options.QuantizerWeight * Quantizer()
            + options.PerceptualWeight * Perceptual()
            + options.ResNet18Weight * ResNet18()
            + options.AdversarialWeight * Generator()
            + options.AlignmentWeight * Alignment();
        return loss.MoveToOuterDisposeScope();

        Tensor Reconstruction() => Reported("reconstruction_loss", options.Reconstruction == ReconstructionLoss.L1
            ? nn.functional.l1_loss(rebuilt, images)
            : nn.functional.mse_loss(rebuilt, images));

        Tensor Quantizer()
        {
            (Tensor total, Tensor commitment, Tensor codebook, Tensor entropy) = quantizer.Losses(reconstruction.Quantization);
            Reported("commitment_loss", commitment);
            Reported("codebook_loss", codebook);
            if (quantizer.HasEntropyLoss)
                Reported("entropy_loss", entropy);
            return step >= options.QuantizeFrom ? total : zero;
        }

        Tensor Perceptual() => perceptual is null ? zero : Reported("perceptual_loss", Shifted(perceptual.Forward));

        Tensor ResNet18() => resNet is null ? zero : Reported("resnet18_loss", Shifted(resNet.Distance).mean());

        Tensor Shifted(Func<Tensor, Tensor, Tensor> distance)
        {
            (Tensor x, Tensor y) = RandomShift.Of(images, rebuilt, new Random((int)seed));
            return distance(x, y);
        }

        Tensor Generator()
        {
            if (adversarial is null || !adversarial.IsActive(step))
                return zero;
            pending.Add((images.detach().DetachFromDisposeScope(), rebuilt.detach().DetachFromDisposeScope()));
            return Reported("adversarial_loss", adversarial.GeneratorLoss(rebuilt, seed));
        }

        Tensor Alignment() => alignment is null ? zero
            : Reported("alignment_loss", alignment.Forward(images, reconstruction.CoarsestTokens, reconstruction.Features!));

        Tensor Reported(string name, Tensor term)
        {
            metrics.Add(name, term.item<float>());
            return term;
        }
    }

    /// <summary>Trains the objective's own networks, after the tokenizer's step.</summary>
    /// <param name="step">Of the run.</param>
    /// <param name="seed">Of the step.</param>
    /// <param name="metrics">Gets the discriminator's losses.</param>
    public void Step(long step, long seed, Metrics metrics)
    {
        alignment?.Step(step);
        if (pending.Count == 0)
            return;
        adversarial!.Step(pending, step, seed, metrics);
        Forget();
    }

    public void Dispose()
    {
        Forget();
        perceptual?.Dispose();
        resNet?.Dispose();
        adversarial?.Dispose();
        alignment?.Dispose();
    }

    private void Forget()
    {
        foreach ((Tensor images, Tensor rebuilt) in pending)
        {
            images.Dispose();
            rebuilt.Dispose();
        }
        pending.Clear();
    }
}
