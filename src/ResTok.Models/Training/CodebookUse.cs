using ResTok.Models.Tokenizer.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>Counts which codes are chosen, and moves those that never are to where latents are.</summary>
/// <param name="codes">K.</param>
/// <param name="every">Steps between two resets; 0 for none.</param>
/// <param name="device">Where the codebook is.</param>
internal sealed class CodebookUse(int codes, int every, Device device) : IDisposable
{
    private readonly Tensor counts = zeros(codes, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope(); // [K], since the last reset
    private Tensor? latents; // of the last batch, as compared, [B, N, C]

    /// <summary>For checkpoints.</summary>
    public Tensor Counts => counts;

    /// <summary>The share of the codebook chosen since the last reset, in [0, 1].</summary>
    public double Share
    {
        get
        {
            using var scope = NewDisposeScope();
            return (counts > 0).to(ScalarType.Float32).mean().item<float>();
        }
    }

    /// <summary>Takes note of a batch.</summary>
    public void Observe(Quantization quantization)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        counts.add_(bincount(quantization.Tokens.flatten(), minlength: counts.shape[0]).to(ScalarType.Float32));
        latents?.Dispose();
        latents = quantization.Latents.detach().DetachFromDisposeScope();
    }

    /// <summary>Every so many steps, moves unused codes to random latents of the last batch.</summary>
    /// <param name="codebook">[K, C].</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="step">0 for the first.</param>
    /// <param name="all">Whether to move all codes, now.</param>
    public void Reset(Parameter codebook, long seed, long step, bool all)
    {
        if (!all && (every == 0 || (step + 1) % every != 0))
            return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor unused = (all ? ones_like(counts) : counts.eq(0)).nonzero().squeeze(1);
        if (unused.shape[0] > 0)
        {
            using var generator = new torch.Generator((ulong)(seed + step));
            Tensor rows = latents!.flatten(0, 1);
            Tensor chosen = rows.index_select(0, randint(0, rows.shape[0], [unused.shape[0]], generator: generator).to(rows.device));
            // A little apart, so that several codes moved to one latent can part.
            Tensor apart = randn(chosen.shape, generator: generator).to(rows.device) * 0.01 * chosen.std();
            codebook.index_copy_(0, unused, chosen + apart);
        }
        counts.zero_();
    }

    public void Dispose()
    {
        counts.Dispose();
        latents?.Dispose();
    }
}
