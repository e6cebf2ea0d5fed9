using Microsoft.ML.OnnxRuntime;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Onnx.Running;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.MLNet.Onnx;

/// <summary>
/// An exported generator in ONNX Runtime, without libtorch: classes to tokens. Tokens are drawn as <see cref="ImageGenerator"/> draws them:
/// the same seed, row id and class give the same image, but where rounding decides between two tokens. Safe for use by several threads at
/// once.
/// </summary>
public sealed class OnnxGenerator : IDisposable, IGeneratorBackend
{
    private readonly InferenceSession session;
    private readonly SequenceLayout layout;
    private readonly SharedUse sessions;

    private OnnxGenerator(GeneratorConfig config, InferenceSession session)
    {
        (Config, this.session, sessions) = (config, session, new(session.Dispose));
        Levels = new(config.Tokens);
        layout = new(config);
    }

    /// <summary>The configuration of the generator that was exported.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>The levels of the N tokens.</summary>
    public TokenLevels Levels { get; }

    /// <summary>Opens what <see cref="OnnxExport.ExportOnnx(ImageGenerator, string, OnnxExportOptions?)"/> wrote.</summary>
    /// <param name="folder">With <c>generator.onnx</c> and <c>generator.json</c>.</param>
    /// <param name="options">Threads, and the execution provider of a GPU; by default the CPU. The caller disposes it.</param>
    /// <example>
    /// <code>
    /// using var generator = OnnxGenerator.Load("restok-onnx");
    /// IReadOnlyList&lt;IReadOnlyList&lt;int>> tokens = generator.Generate(new([207, 88]), SamplingOptions.Official with { Seed = 7 });
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">A file is missing or damaged, or ONNX Runtime cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The program has no native part of ONNX Runtime.</exception>
    public static OnnxGenerator Load(string folder, SessionOptions? options = null)
    {
        using var files = new OnnxFiles(folder, OnnxLayout.Generator);
        return Open(files, options);
    }

    internal static OnnxGenerator Open(OnnxFiles files, SessionOptions? options) =>
        new(files.ReadConfig(GeneratorConfig.Load), OnnxFolder.Open(files, OnnxLayout.Pass, options, "logits"));

    /// <summary>Generates the tokens of images.</summary>
    /// <param name="request">The classes, and what to keep.</param>
    /// <param name="options">How to draw tokens; by default from the plain conditional distribution with seed 0.</param>
    /// <param name="onStep">Called after every pass with the tokens so far, which decode to a coarser image.</param>
    /// <param name="cancellation">Looked at before every pass.</param>
    /// <returns>Token ids of each image, coarse to fine; N, unless fewer levels are asked for.</returns>
    /// <exception cref="ArgumentException">The request's parts do not fit together, or the model has no null class for guidance.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A class, a token, a level or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed.</exception>
    public IReadOnlyList<IReadOnlyList<int>> Generate(
        GenerationRequest request, SamplingOptions? options = null, Action<GenerationStep>? onStep = null, CancellationToken cancellation = default)
    {
        using SharedUse.Use use = sessions.Begin(this);
        using OnnxGenerationRun run = Start(request, options ?? new());
        return run.Complete(onStep, cancellation).Rows;
    }

    /// <summary>Ends the session. Calls under way on other threads come to their end.</summary>
    public void Dispose() => sessions.Dispose();

    IReadOnlyList<IReadOnlyList<int>> IGeneratorBackend.Generate(GenerationRequest request, SamplingOptions sampling, Action<GenerationStep> onStep) =>
        OnnxBackend.Compute(() => Generate(request, sampling, onStep));

    /// <summary>Starts a generation; with guidance scales of its own, one for each pass of a whole image, for tests.</summary>
    internal OnnxGenerationRun Start(GenerationRequest request, SamplingOptions options, IReadOnlyList<double>? scales = null, Action<float[]>? onLogits = null) => new(
        session, Config, layout, request, options, GenerationCheck.Request(request, options, Config, layout), scales ?? Guidance.Scales(options, layout.Passes)) { OnLogits = onLogits };
}
