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
        while (!run.IsComplete)
        {
            cancellation.ThrowIfCancellationRequested();
            run.RunPass();
            onStep?.Invoke(run.Step());
        }
        return run.Step().Rows;
    }

    /// <summary>Ends the session. Calls under way on other threads come to their end.</summary>
    public void Dispose() => sessions.Dispose();

    IReadOnlyList<IReadOnlyList<int>> IGeneratorBackend.Generate(GenerationRequest request, SamplingOptions sampling, Action<GenerationStep> onStep) =>
        OnnxBackend.Compute(() => Generate(request, sampling, onStep));

    /// <summary>Starts a generation; with guidance scales of its own, one for each pass of a whole image, for tests.</summary>
    internal OnnxGenerationRun Start(GenerationRequest request, SamplingOptions options, IReadOnlyList<double>? scales = null, Action<float[]>? onLogits = null) =>
        new(session, Config, request, options, Check(request, options), scales) { OnLogits = onLogits };

    /// <returns>Tokens to generate, with the prefix.</returns>
    private int Check(GenerationRequest request, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        options.Validate();
        int rows = request.Classes.Count;
        if (rows == 0)
            throw new ArgumentException("There is no class. Give one for each image.", nameof(request));
        CheckRange(request.Classes, Config.Classes, "Classes");
        if (request.RowIds is { } ids && ids.Count != rows)
            throw new ArgumentException($"There are {ids.Count} row ids for {rows} classes; give one for each.", nameof(request));
        if (request.Levels is { } levels && (levels < 1 || levels > Levels.Count))
            throw new ArgumentOutOfRangeException(nameof(request), levels, $"Levels must be from 1 to {Levels.Count}.");
        if (options.GuidanceScale > 1 && Config.ClassDropout == 0)
            throw new ArgumentException("Classifier-free guidance needs a null class, which this model lacks (class_dropout_prob is 0). Set GuidanceScale to 1.", nameof(options));
        int last = (request.Levels ?? Levels.Count) - 1, end = Levels.Offsets[last] + Levels.Sizes[last];
        if (request.Prefix is not { } prefix)
            return end;
        if (prefix.Count != rows || prefix.Any(row => row.Count != prefix[0].Count))
            throw new ArgumentException($"There must be a prefix for each of the {rows} classes, all of the same length.", nameof(request));
        if (prefix[0].Count > end || !layout.IsPassEnd(prefix[0].Count))
            throw new ArgumentException(
                $"A prefix of {prefix[0].Count} tokens cannot be continued to {end}: it must end where a pass ends, at one of "
                + $"{string.Join(", ", layout.Passes.Select(pass => pass.End).Where(count => count <= end).Prepend(0))}.", nameof(request));
        CheckRange(prefix.SelectMany(row => row), Config.CodebookSize, "Token ids");
        return end;
    }

    private static void CheckRange(IEnumerable<int> values, int end, string what)
    {
        foreach (int value in values)
        {
            if (value < 0 || value >= end)
                throw new ArgumentOutOfRangeException(what, value, $"{what} must be from 0 to {end - 1}.");
        }
    }
}
