using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;
using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>
/// Generates the tokens of images of a class, level by level (hierarchical autoregression, HAR; arXiv 2601.03955, section 3.4) or
/// token by token (LlamaGen). Safe for use by several threads at once; a row's tokens do not depend on the others in its batch.
/// </summary>
public sealed class ImageGenerator : PretrainedModel, IPretrainedModel<ImageGenerator, GeneratorConfig>
{
    internal ImageGenerator(GeneratorConfig config, IParameterSource source, Device? device, Precision precision)
        : base(device, precision)
    {
        config.Validate();
        TorchRuntime.EnsureLoaded();
        Config = config;
        Levels = new(config.Tokens);
        try
        {
            using var build = NewDisposeScope();
            Transformer = new(Root(source), config, Device, DataType);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The configuration the model was built with.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>The levels of the N tokens.</summary>
    public TokenLevels Levels { get; }

    static string IPretrainedModel<ImageGenerator, GeneratorConfig>.Kind => "ResTok generator";

    internal LlamaTransformer Transformer { get; }

    /// <summary>Builds a model with fresh random weights, for training.</summary>
    /// <param name="config">What to build.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <exception cref="ArgumentException">The configuration cannot work.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageGenerator Create(GeneratorConfig config, Device? device = null, Precision precision = Precision.Float32, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        TorchRuntime.EnsureLoaded();
        using var source = new RandomParameters(seed);
        return new(config, source, device, precision);
    }

    /// <summary>Loads a saved model. Weights in the wanted precision stay mapped to the file and are read as they are used.</summary>
    /// <param name="path">A folder or weight file, in the layouts that <see cref="ImageTokenizer.Load(string, Device?, Precision, TokenizerConfig?)"/> takes.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where it has been read before or no file holds it.</param>
    /// <example>
    /// <code>
    /// using ImageGenerator generator = ImageGenerator.Load("llamagen_l_c2i_restok_l_128", torch.CUDA);
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">Something is missing, damaged, or does not fit; the message lists all of it.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageGenerator Load(string path, Device? device = null, Precision precision = Precision.Float32, GeneratorConfig? config = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TorchRuntime.EnsureLoaded();
        config ??= GeneratorConfig.Load(path);
        return Build(Checkpoint.Open(path), source => new ImageGenerator(config, source, device, precision));
    }

    /// <summary>Loads a model from the weights that <see cref="PretrainedModel.Save(Stream, Stream)"/> wrote, into memory.</summary>
    /// <param name="config">Its configuration, as <see cref="GeneratorConfig.Load(Stream)"/> reads it.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <inheritdoc cref="Load(string, Device?, Precision, GeneratorConfig?)" path="/exception"/>
    public static ImageGenerator Load(GeneratorConfig config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(safetensors);
        return Build(Checkpoint.Read(safetensors, "model.safetensors"), source => new ImageGenerator(config, source, device, precision));
    }

    /// <summary>Generates the tokens of images.</summary>
    /// <param name="request">The classes, and what to keep.</param>
    /// <param name="options">How to draw tokens; by default from the plain conditional distribution with seed 0.</param>
    /// <param name="onStep">Called after every pass with the tokens so far, which decode to a coarser image.</param>
    /// <param name="cancellationToken">Looked at before every pass.</param>
    /// <returns>Token ids, coarse to fine, int64 [B, n] on the CPU, which the caller disposes; n = N unless fewer levels are asked for.</returns>
    /// <example>
    /// <code>
    /// using torch.Tensor tokens = imageGenerator.Generate(new([207, 88]), SamplingOptions.Official with { Seed = 7 }); // [2, 128]
    /// using torch.Tensor images = tokenizer.Decode(tokens);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The request's parts do not fit together, or the model has no null class for guidance.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A class, a token, a level or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Tensor Generate(
        GenerationRequest request, SamplingOptions? options = null, Action<GenerationStep>? onStep = null, CancellationToken cancellationToken = default)
    {
        using SharedUse.Use use = Begin();
        using TorchGenerationRun run = Start(request, options ?? new());
        return run.Complete(onStep, cancellationToken).ToTensor();
    }

    /// <summary>Generates in the background and gives the tokens after every pass as they come.</summary>
    /// <param name="request">The classes, and what to keep.</param>
    /// <param name="options">How to draw tokens; by default from the plain conditional distribution with seed 0.</param>
    /// <param name="cancellationToken">Looked at before every pass.</param>
    /// <returns>One step for each pass; the last has all tokens. Leaving the loop early ends the generation.</returns>
    /// <example>
    /// <code>
    /// await foreach (GenerationStep step in imageGenerator.GenerateAsync(new([207]), SamplingOptions.Official))
    ///     Console.WriteLine($"Pass {step.Pass} of {step.Passes}: {step.Rows[0].Count} tokens");
    /// </code>
    /// </example>
    /// <inheritdoc cref="Generate" path="/exception"/>
    public IAsyncEnumerable<GenerationStep> GenerateAsync(
        GenerationRequest request, SamplingOptions? options = null, CancellationToken cancellationToken = default)
    {
        using SharedUse.Use use = Begin();
        Check(request, options ??= new()); // at once, not when the first step is asked for
        return Steps(request, options, cancellationToken);
    }

    /// <summary>Predicts every token of known images from the tokens before it (teacher forcing).</summary>
    /// <param name="classes">The class of each image, 0 to <see cref="GeneratorConfig.Classes"/> − 1.</param>
    /// <param name="tokens">Token ids, integer [B, N].</param>
    /// <returns>Logits, float32 [B, N, V]: those at p are of token p. The caller disposes them.</returns>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has another shape or type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A class or a token is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Tensor PredictLogits(IReadOnlyList<int> classes, Tensor tokens)
    {
        using SharedUse.Use use = Begin();
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(tokens);
        GenerationCheck.Classes(classes, Config);
        if (!tokens.is_integral() || tokens.dim() != 2 || tokens.shape[0] != classes.Count || tokens.shape[1] != Config.Tokens)
            throw new ArgumentException(
                $"Tokens must be an integer tensor [{classes.Count}, {Config.Tokens}], but this is {tokens.dtype} [{string.Join(", ", tokens.shape)}].", nameof(tokens));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = tokens.to(ScalarType.Int64, Device);
        GenerationCheck.Token(ids.min().item<long>(), Config);
        GenerationCheck.Token(ids.max().item<long>(), Config);
        Tensor labels = tensor(classes.Select(label => (long)label).ToArray()).to(Device);
        return Transformer.Forward(labels, ids, 0, Config.Tokens, Config.Tokens, null).DetachFromDisposeScope();
    }

    /// <summary>Teacher forcing with gradients, for training.</summary>
    /// <param name="classes">int64 [B]; the null class is <see cref="GeneratorConfig.Classes"/>.</param>
    /// <param name="tokens">int64 [B, N].</param>
    /// <param name="noise">Dropout.</param>
    /// <returns>Logits, float32 [B, N, V].</returns>
    internal Tensor Predict(Tensor classes, Tensor tokens, DropoutNoise? noise) =>
        Transformer.Forward(classes, tokens, 0, Config.Tokens, Config.Tokens, null, noise);

    private protected override JsonObject ConfigJson => Config.ToJson();

    private protected override void FreeTables() => Transformer?.Dispose();

    private TorchGenerationRun Start(GenerationRequest request, SamplingOptions options) =>
        new(Transformer, request, options, Check(request, options), Guidance.Scales(options, Transformer.Layout.Passes));

    /// <returns>Tokens to generate, with the prefix.</returns>
    private int Check(GenerationRequest request, SamplingOptions options) => GenerationCheck.Request(request, options, Config, Transformer.Layout);

    private async IAsyncEnumerable<GenerationStep> Steps(
        GenerationRequest request, SamplingOptions options, CancellationToken given, [EnumeratorCancellation] CancellationToken enumerators = default)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(given, enumerators);
        using TorchGenerationRun run = Start(request, options);
        while (!run.IsComplete)
        {
            await Task.Run(() => RunPass(run), cancellation.Token).ConfigureAwait(false);
            yield return run.Step();
        }
    }

    /// <summary>A use of its own for each pass: nobody may ever come back for the next.</summary>
    private void RunPass(TorchGenerationRun run)
    {
        using SharedUse.Use use = Begin();
        run.RunPass();
    }
}
