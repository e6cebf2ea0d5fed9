using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using ResTok.Models.Runtime;
using ResTok.Models.Tokenizer.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>
/// Turns images into ResTok tokens and tokens into images (arXiv 2601.03955, section 3). Safe for use by several threads at
/// once; the result for an image does not depend on the others in its batch.
/// </summary>
public sealed class ImageTokenizer : PretrainedModel, IPretrainedModel<ImageTokenizer, TokenizerConfig>
{
    private readonly Parameter? learnedLatents;
    private readonly ImageNetNormalization normalization;

    internal ImageTokenizer(TokenizerConfig config, IParameterSource source, Device? device, Precision precision)
        : base(device, precision)
    {
        config.Validate();
        TorchRuntime.EnsureLoaded();
        Config = config;
        Levels = new(config.LatentTokens);
        try
        {
            using var build = NewDisposeScope();
            ParameterScope scope = Root(source);
            int encoderWidth = VitDimensions.Of(config.EncoderSize).Width;
            learnedLatents = config.LearnableLatentTokens
                ? scope.Parameter("latent_tokens", Initializer.Normal(Math.Pow(encoderWidth, -0.5)), config.LatentTokens, encoderWidth)
                : null;
            Encoder = new(scope["encoder"], config, Levels, Device, DataType);
            Decoder = new(scope["decoder"], config, Levels, Device);
            PixelEncoder = config.PixelEncoder ? new(scope["pixel_encoder"], config.PixelHiddenChannels, config.PixelNormGroups) : null;
            PixelDecoder = new(scope["pixel_decoder"], config.PixelHiddenChannels, config.PixelNormGroups);
            Quantizer = new(scope["quantize"].As(ScalarType.Float32), config);
            normalization = new(Device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The configuration the model was built with.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>The levels of the N tokens.</summary>
    public TokenLevels Levels { get; }

    static string IPretrainedModel<ImageTokenizer, TokenizerConfig>.Kind => "ResTok tokenizer";

    internal PixelEncoder? PixelEncoder { get; }

    internal LatentEncoder Encoder { get; }

    internal VectorQuantizer Quantizer { get; }

    internal LatentDecoder Decoder { get; }

    internal PixelDecoder PixelDecoder { get; }

    /// <summary>Builds a model with fresh random weights, for training.</summary>
    /// <param name="config">What to build.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="initialization">How matrices and convolutions start.</param>
    /// <exception cref="ArgumentException">The configuration cannot work.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageTokenizer Create(
        TokenizerConfig config, Device? device = null, Precision precision = Precision.Float32, long seed = 0, WeightInitialization initialization = WeightInitialization.Reference)
    {
        ArgumentNullException.ThrowIfNull(config);
        TorchRuntime.EnsureLoaded();
        using var source = new RandomParameters(seed, initialization);
        return new(config, source, device, precision);
    }

    /// <summary>Loads a saved model. Weights in the wanted precision stay mapped to the file and are read as they are used.</summary>
    /// <param name="path">
    /// A folder in the Hugging Face layout (<c>config.json</c> with <c>model.safetensors</c> or its shards) or in that of
    /// training (<c>pytorch_model.bin</c>, under <c>ema_model</c> where there is one), or one weight file with its configuration
    /// beside it or in the two folders above.
    /// </param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where it has been read before or no file holds it.</param>
    /// <example>
    /// <code>
    /// using ImageTokenizer tokenizer = ImageTokenizer.Load("restok_l_128.r256_in1k", torch.CUDA, Precision.BFloat16);
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">Something is missing, damaged, or does not fit; the message lists all of it.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageTokenizer Load(string path, Device? device = null, Precision precision = Precision.Float32, TokenizerConfig? config = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TorchRuntime.EnsureLoaded();
        config ??= TokenizerConfig.Load(path);
        return Build(Checkpoint.Open(path), source => new ImageTokenizer(config, source, device, precision));
    }

    /// <summary>Loads a model from the weights that <see cref="PretrainedModel.Save(Stream, Stream)"/> wrote, into memory.</summary>
    /// <param name="config">Its configuration, as <see cref="TokenizerConfig.Load(Stream)"/> reads it.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <inheritdoc cref="Load(string, Device?, Precision, TokenizerConfig?)" path="/exception"/>
    public static ImageTokenizer Load(TokenizerConfig config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(safetensors);
        return Build(Checkpoint.Read(safetensors, "model.safetensors"), source => new ImageTokenizer(config, source, device, precision));
    }

    /// <summary>Turns images into tokens.</summary>
    /// <param name="images">RGB images in [0, 1], floating, [B, 3, S, S] with S = <see cref="TokenizerConfig.CropSize"/>, on any device.</param>
    /// <param name="outputs">What to compute beyond tokens and latents.</param>
    /// <returns>The encoding, which the caller disposes.</returns>
    /// <example>
    /// <code>
    /// using TokenizerEncoding encoding = tokenizer.Encode(images);                            // float [B, 3, 256, 256] in [0, 1]
    /// long[] tokens = encoding.Tokens.data&lt;long>().ToArray();                                 // B times 128
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException"><paramref name="images"/> has another shape or type.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public TokenizerEncoding Encode(Tensor images, EncodingOutputs outputs = EncodingOutputs.None)
    {
        using SharedUse.Use use = Begin();
        ArgumentNullException.ThrowIfNull(images);
        int side = Config.CropSize;
        if (images.dim() != 4 || images.shape[0] < 1 || images.shape[1] != 3 || images.shape[2] != side || images.shape[3] != side
            || !images.is_floating_point())
            throw new ArgumentException(
                $"Images must be a floating tensor [B, 3, {side}, {side}] with B ≥ 1, but this is {images.dtype} [{string.Join(", ", images.shape)}]. "
                + "Resize and crop images first.", nameof(images));

        List<Tensor>? maps = outputs.HasFlag(EncodingOutputs.AttentionMaps) ? [] : null;
        try
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            Tensor x = images.to(ScalarType.Float32, Device);
            using CpuThreads.Taken threads = CpuThreads.TakeAll(OwnKernels.Suit(x) && Format == ScalarType.Float32);
            (Tensor z, Tensor[] imageLevels) = EncodeLatents(x, maps, outputs.HasFlag(EncodingOutputs.ImageTokens));
            Tensor latents = z.to(ScalarType.Float32);
            Quantization result = Quantizer.Quantize(latents);
            return new(Keep(result.Tokens), Keep(latents), Keep(result.Quantized), [.. imageLevels.Select(level => Keep(level.to(ScalarType.Float32)))])
            {
                Margins = outputs.HasFlag(EncodingOutputs.Margins) ? Keep(result.Margins()) : null,
                Losses = outputs.HasFlag(EncodingOutputs.Losses) ? Quantizer.LossValues(result) : null,
                AttentionMaps = maps,
            };
        }
        catch
        {
            maps?.ForEach(map => map.Dispose());
            throw;
        }
    }

    /// <summary>Rebuilds images from their leading tokens.</summary>
    /// <param name="tokens">Token ids, integer [B, n] with 1 ≤ n ≤ N; where n &lt; N the finer tokens count as dropped.</param>
    /// <param name="tokenCount">
    /// How many leading tokens to use, 1 to n. By default all given, but no more than
    /// <see cref="TokenizerConfig.TestTokens"/>.
    /// </param>
    /// <returns>RGB images, nominally in [0, 1] and not clamped, float32 [B, 3, S, S], which the caller disposes.</returns>
    /// <example>
    /// <code>
    /// using TokenizerEncoding encoding = tokenizer.Encode(images);
    /// using torch.Tensor coarse = tokenizer.Decode(encoding.Tokens, tokenCount: 16), whole = tokenizer.Decode(encoding.Tokens);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has another shape or type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token id or <paramref name="tokenCount"/> is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Tensor Decode(Tensor tokens, int? tokenCount = null)
    {
        using SharedUse.Use use = Begin();
        CheckTokens(tokens);
        return DecodeTokens(tokens, [tokenCount ?? (int)Math.Min(tokens.shape[1], Config.TestTokens)], null);
    }

    /// <summary>Rebuilds images, each from a number of leading tokens of its own.</summary>
    /// <param name="tokens">Token ids, integer [B, n] with 1 ≤ n ≤ N.</param>
    /// <param name="tokenCounts">For each image how many leading tokens to use, 1 to n.</param>
    /// <returns>As <see cref="Decode(Tensor, int?)"/>.</returns>
    /// <inheritdoc cref="Decode(Tensor, int?)" path="/exception"/>
    public Tensor Decode(Tensor tokens, IReadOnlyList<int> tokenCounts)
    {
        using SharedUse.Use use = Begin();
        CheckTokens(tokens);
        ArgumentNullException.ThrowIfNull(tokenCounts);
        if (tokenCounts.Count != tokens.shape[0])
            throw new ArgumentException($"There are {tokenCounts.Count} token counts for {tokens.shape[0]} images; give one for each.", nameof(tokenCounts));
        return DecodeTokens(tokens, tokenCounts, null);
    }

    /// <summary>Rebuilds images and returns the decoder's attention.</summary>
    /// <param name="tokens">Token ids, integer [B, n] with 1 ≤ n ≤ N.</param>
    /// <param name="tokenCount">As for <see cref="Decode(Tensor, int?)"/>.</param>
    /// <returns>
    /// The images, and per decoder block the attention of every token to every other, averaged over heads, float32 [B, L, L]; L
    /// counts the N latent tokens and then the image tokens. The caller disposes all.
    /// </returns>
    /// <inheritdoc cref="Decode(Tensor, int?)" path="/exception"/>
    public (Tensor Images, IReadOnlyList<Tensor> AttentionMaps) DecodeWithAttention(Tensor tokens, int? tokenCount = null)
    {
        using SharedUse.Use use = Begin();
        CheckTokens(tokens);
        var maps = new List<Tensor>();
        try
        {
            return (DecodeTokens(tokens, [tokenCount ?? (int)Math.Min(tokens.shape[1], Config.TestTokens)], maps), maps);
        }
        catch
        {
            maps.ForEach(map => map.Dispose());
            throw;
        }
    }

    private protected override JsonObject ConfigJson => Config.ToJson();

    private protected override void FreeTables()
    {
        Encoder?.Dispose();
        Decoder?.Dispose();
        normalization?.Dispose();
    }

    /// <summary>From images [B, 3, S, S] in [0, 1], float32, to latents [B, C, 1, N] and image token levels.</summary>
    private (Tensor Latents, Tensor[] ImageTokenLevels) EncodeLatents(Tensor images, List<Tensor>? maps, bool wantsImageTokens, bool hasGradient = true)
    {
        using var mode = set_grad_enabled(is_grad_enabled() && hasGradient);
        Tensor x = normalization.Apply(images).to(Format);
        using Tensor? features = PixelEncoder?.Forward(x);
        return Encoder.Forward(features ?? x, learnedLatents, maps, wantsImageTokens);
    }

    /// <summary>Encodes and decodes images with gradients, for training.</summary>
    /// <param name="images">[B, 3, S, S] in [0, 1], float32, on the model's device.</param>
    /// <param name="tokenCounts">For each image how many leading tokens the decoder sees.</param>
    /// <param name="quantize">Whether the decoder sees codes, and not the latents as the quantiser compares them.</param>
    /// <param name="featureToken">Where not null, what the decoder is to make features of, [1, 1, D].</param>
    /// <param name="decoderOnly">Whether only the decoder wants gradients.</param>
    internal Reconstruction Reconstruct(Tensor images, IReadOnlyList<int> tokenCounts, bool quantize = true, Tensor? featureToken = null, bool decoderOnly = false)
    {
        using var scope = NewDisposeScope();
        (Tensor z, Tensor[] imageLevels) = EncodeLatents(images, null, wantsImageTokens: true, hasGradient: !decoderOnly);
        Quantization result = Quantizer.Quantize(z);
        Tensor counts = tensor(tokenCounts.Select(count => (long)count).ToArray()).to(Device);
        Tensor latents = (quantize ? result.Quantized : result.Latents.transpose(1, 2).unsqueeze(2)).to(Format);
        Tensor? features = featureToken is null ? null : Decoder.Features(latents, counts, featureToken.to(Format));
        return new(Rebuild(latents, counts).MoveToOuterDisposeScope(), result.MoveToOuterDisposeScope(), imageLevels[0].MoveToOuterDisposeScope(), features?.MoveToOuterDisposeScope());
    }

    /// <summary>From latents [B, C, 1, n] and how many of each image count, [B], to images [B, 3, S, S], float32.</summary>
    internal Tensor Rebuild(Tensor latents, Tensor counts, List<Tensor>? maps = null) =>
        PixelDecoder.Forward(Decoder.Forward(latents.to(Format), counts, maps)).to(ScalarType.Float32);

    private Tensor DecodeTokens(Tensor tokens, IReadOnlyList<int> tokenCounts, List<Tensor>? maps)
    {
        foreach (int count in tokenCounts)
            if (count < 1 || count > tokens.shape[1])
                throw new ArgumentOutOfRangeException(nameof(tokenCounts), count, $"The token count must be from 1 to the {tokens.shape[1]} tokens given.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor codes = Quantizer.Lookup(tokens.to(ScalarType.Int64, Device)).to(Format); // [B, C, 1, n]
        using CpuThreads.Taken threads = CpuThreads.TakeAll(OwnKernels.Suit(codes));
        Tensor counts = tensor(tokenCounts.Select(count => (long)count).ToArray()).to(Device);
        return Keep(Rebuild(codes, counts, maps).contiguous());
    }

    private void CheckTokens(Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.dim() != 2 || tokens.shape[0] < 1 || tokens.shape[1] < 1 || tokens.shape[1] > Levels.TokenCount || !tokens.is_integral())
            throw new ArgumentException(
                $"Tokens must be an integer tensor [B, n] with B ≥ 1 and 1 ≤ n ≤ {Levels.TokenCount}, but this is {tokens.dtype} [{string.Join(", ", tokens.shape)}].",
                nameof(tokens));
        using var scope = NewDisposeScope();
        long lowest = tokens.min().to(ScalarType.Int64).item<long>(), highest = tokens.max().to(ScalarType.Int64).item<long>();
        if (lowest < 0 || highest >= Config.CodebookSize)
            throw new ArgumentOutOfRangeException(nameof(tokens), lowest < 0 ? lowest : highest,
                $"Token ids must be from 0 to {Config.CodebookSize - 1}, the entries of the codebook.");
    }

    /// <summary>Takes a result out of all dispose scopes, the caller's own included: results belong to whoever gets them.</summary>
    private static Tensor Keep(Tensor tensor) => tensor.DetachFromDisposeScope();
}
