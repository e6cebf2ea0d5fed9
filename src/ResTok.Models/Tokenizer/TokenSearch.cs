using ResTok.Models.Runtime;
using ResTok.Models.Tokenizer.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>
/// Finds tokens that rebuild an image better than those that the encoder sees in it (iterative inference, Yang et al., arXiv 2006.04240; the
/// reference has none). Only encoding takes longer: the tokens are decoded as any others.
/// </summary>
public static class TokenSearch
{
    // What found most in 16 photographs within 10, 25 and 50 steps.
    private const double StepSize = 0.13; // of a code's size
    private const double Momentum = 0.5, Variance = 0.99; // Adam's
    private const double Free = 0.9, FreeUntil = 0.8; // first the decoder sees latents that are hardly drawn to codes, and codes themselves from that share of the steps on
    private const int Turns = 3; // until then one step of so many sees leading tokens only

    /// <summary>
    /// Begins at the encoder's latents and follows the gradient of the squared error of the image that the decoder makes of them, in two steps of three of all,
    /// else of the leading ones of some level. At first latents need not be codes; they are drawn to them step by step. An image's result from all tokens
    /// is never further from it than what the encoder's tokens give; from few leading ones it may be a little.
    /// </summary>
    /// <param name="tokenizer">The model. It is not changed.</param>
    /// <param name="images">As for <see cref="ImageTokenizer.Encode"/>, [B, 3, S, S] in [0, 1].</param>
    /// <param name="steps">
    /// How many, 0 or more. Each costs about three times a decoding; most of the gain comes within 25, and 100 are plenty.
    /// </param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>
    /// Token ids, int64 [B, N], which the caller disposes. Rounding decides which of several good tokens are found, so that they may differ from processor to
    /// processor and from batch to batch; what they are decoded to does not.
    /// </returns>
    /// <example>
    /// <code>
    /// using torch.Tensor tokens = tokenizer.SearchTokens(images, steps: 50);
    /// using torch.Tensor rebuilt = tokenizer.Decode(tokens);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException"><paramref name="images"/> has another shape or type.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Tensor SearchTokens(this ImageTokenizer tokenizer, Tensor images, int steps = 50, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        using TokenizerEncoding start = tokenizer.Encode(images);
        return steps == 0 ? start.Tokens.clone().DetachFromDisposeScope() : Search(tokenizer, images, start, steps, cancellationToken);
    }

    /// <summary>The same from an encoding that is there, which stays the caller's.</summary>
    /// <param name="tokenizer">The model.</param>
    /// <param name="images">As they were encoded.</param>
    /// <param name="start">Of them.</param>
    /// <param name="steps">1 or more.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    internal static Tensor Search(ImageTokenizer tokenizer, Tensor images, TokenizerEncoding start, int steps, CancellationToken cancellationToken)
    {
        using SharedUse.Use use = tokenizer.Begin();
        using FreedMemory.Kept memory = FreedMemory.Keep();
        using var gradients = enable_grad();
        using var scope = NewDisposeScope();

        Tensor wanted = images.to(ScalarType.Float32, tokenizer.Device), found = start.Tokens.clone();
        int all = Math.Min(tokenizer.Levels.TokenCount, tokenizer.Config.TestTokens);
        int[] fewer = [.. tokenizer.Levels.Ends.Where(end => end < all).Reverse()];
        Tensor best = full([wanted.shape[0]], float.PositiveInfinity, device: tokenizer.Device);
        Tensor latents = Unit(start.Latents).clone(), mean = zeros_like(latents), variance = zeros_like(latents);
        double size = StepSize * Math.Sqrt(start.QuantizedLatents.square().mean().item<float>());
        latents.requires_grad = true;
        using (Tensor encoded = tokenizer.Decode(start.Tokens))
            Keep(start.Tokens, encoded); // to be beaten
        for (int step = 0; step <= steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var ofStep = NewDisposeScope();
            Quantization codes = tokenizer.Quantizer.Quantize(latents);
            double free = Math.Max(0, Free * (1 - step / (FreeUntil * steps)));
            int count = free > 0 && step % Turns == 1 && fewer.Length > 0 ? fewer[step / Turns % fewer.Length] : all;
            Tensor counts = full([wanted.shape[0]], count, ScalarType.Int64, tokenizer.Device);
            Tensor rebuilt = tokenizer.Rebuild(latents + (codes.Quantized - latents).detach() * (1 - free), counts);
            if (free == 0)
                Keep(codes.Tokens, rebuilt.detach());
            if (step < steps)
            {
                (rebuilt - wanted).square().mean([1, 2, 3]).sum().backward();
                Follow(step);
            }
        }
        return found.DetachFromDisposeScope();

        void Keep(Tensor tokens, Tensor rebuilt)
        {
            using var noGradient = no_grad();
            Tensor error = (rebuilt.clamp(0, 1) - wanted).square().mean([1, 2, 3]), isBetter = error < best;
            best.copy_(where(isBetter, error, best));
            found.copy_(where(isBetter.unsqueeze(1), tokens, found));
        }

        // Adam, each step shorter than the last.
        void Follow(int step)
        {
            using var noGradient = no_grad();
            Tensor gradient = latents.grad!;
            mean.mul_(Momentum).add_(gradient, alpha: 1 - Momentum);
            variance.mul_(Variance).addcmul_(gradient, gradient, 1 - Variance);
            double length = size * 0.5 * (1 + Math.Cos(Math.PI * (step + 1) / steps));
            Tensor direction = mean / (1 - Math.Pow(Momentum, step + 1)) / ((variance / (1 - Math.Pow(Variance, step + 1))).sqrt() + 1e-8);
            latents.copy_(Unit(latents - direction * length));
            gradient.zero_();
        }

        Tensor Unit(Tensor x) => tokenizer.Config.UseL2Norm ? nn.functional.normalize(x, 2, 1, 1e-12) : x;
    }
}
