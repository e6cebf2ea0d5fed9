using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Evaluation;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Evaluation;
using static TorchSharp.torch;

namespace ResTok.MLNet;

/// <summary>
/// Evaluates images that were rebuilt or generated, as <c>mlContext.MulticlassClassification.Evaluate</c> does classes. Made by
/// <see cref="ImageCatalogExtensions.Images"/>.
/// </summary>
public sealed class ImageCatalog
{
    private const string Use = "evaluation";

    private readonly IHostEnvironment environment;

    internal ImageCatalog(MLContext context) => environment = MLNetInternals.EnvironmentOf(context.Transforms);

    /// <summary>Compares reconstructions with their images, row by row.</summary>
    /// <param name="data">Data with both columns; read once, in its order, a batch in memory at a time.</param>
    /// <param name="imageColumnName">The images. Those of another size than their reconstruction, which must be square then, are resized as <see cref="ResTokCatalog.ResTokEncode"/> does.</param>
    /// <param name="reconstructionColumnName">The reconstructions, as of <see cref="ResTokCatalog.ResTokDecode"/>.</param>
    /// <param name="options">Networks, a column of tokens, batch size.</param>
    /// <example>
    /// <code>
    /// IDataView rebuilt = ml.Transforms.ResTokEncode("Tokens", "Image", restok).Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", restok)).Fit(data).Transform(data);
    /// ReconstructionMetrics metrics = ml.Images().EvaluateReconstruction(rebuilt, "Image", "Rebuilt", new() { TokensColumnName = "Tokens", CodebookSize = restok.Config.CodebookSize });
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">A row cannot be used, and such rows are to fail; or there are no rows.</exception>
    /// <exception cref="Models.Checkpoints.CheckpointException">A network's file is missing or another.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ReconstructionMetrics EvaluateReconstruction(
        IDataView data, string imageColumnName = "Image", string reconstructionColumnName = "Rebuilt", ReconstructionEvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        options ??= new();
        options.Validate();
        DataViewSchema.Column images = ResTokEncodingTransformer.FindImages(data.Schema, imageColumnName), rebuilt = ResTokEncodingTransformer.FindImages(data.Schema, reconstructionColumnName);
        DataViewSchema.Column? tokens = options.TokensColumnName is { } name ? TokenColumn.Find(data.Schema, name, int.MaxValue) : null;
        int? codebookSize = options.CodebookSize ?? (tokens?.Type is VectorDataViewType { ItemType: KeyDataViewType key } ? checked((int)key.Count) : null);
        if (tokens is not null && codebookSize is null)
            throw new ArgumentOutOfRangeException(nameof(options), $"Column '{tokens.Value.Name}' of Int32 does not say how large the codebook is. Set {nameof(ReconstructionEvaluationOptions.CodebookSize)}.");

        var rows = new ViewData<Pair>(environment, data, tokens is null ? [images, rebuilt] : [images, rebuilt, tokens.Value], 0, options.OnInvalidRow, source =>
        {
            ImageColumnReader ofImages = new(source, images), ofRebuilt = new(source, rebuilt);
            Action<List<int>>? readTokens = tokens is null ? null : TokenColumn.Reader(source, tokens.Value);
            var list = new List<int>();
            return (long row, Random _, out Pair pair) =>
            {
                pair = default;
                if ((ofRebuilt.Read(row, Whole, out RgbImage second) ?? ofImages.Read(row, image => Fitted(image, second, options.Resize), out pair)) is { } fault)
                    return fault;
                readTokens?.Invoke(list);
                pair = pair with { Rebuilt = second, Tokens = [.. list] };
                return tokens is null ? null : TokenColumn.FaultOf(list, codebookSize!.Value, tokens.Value.Name, row);
            };
        }, Use);
        using var evaluator = new ReconstructionEvaluator(options.Weights, tokens is null ? null : codebookSize, TorchDevice.Choose(environment));
        ForEachBatch(ImageBatches.Of(rows.ReadInOrder(), options.BatchSize, pair => pair.Rebuilt), options, batch =>
        {
            using Tensor x = ImageBatches.Floats([.. batch.Select(pair => pair.Image)]), y = ImageBatches.Floats([.. batch.Select(pair => pair.Rebuilt)]);
            evaluator.Add(x, y, batch.SelectMany(pair => pair.Tokens).ToArray());
        });
        return evaluator.Result();
    }

    /// <summary>Encodes images and compares what is rebuilt from more and more of their tokens: the curve over prefixes.</summary>
    /// <param name="data">Data with a column of images of any size; read once.</param>
    /// <param name="tokenizer">The model; the handle stays the caller's.</param>
    /// <param name="imageColumnName">The images, resized as <see cref="ResTokCatalog.ResTokEncode"/> does.</param>
    /// <param name="tokenCounts">Numbers of leading tokens, 1 to N; by default all tokens up to each level's end: 1, 2, 4 … N.</param>
    /// <param name="options">Networks, batch size.</param>
    /// <returns>The metrics by number of tokens, ascending.</returns>
    /// <example>
    /// <code>
    /// foreach ((int tokenCount, ReconstructionMetrics metrics) in ml.Images().EvaluateReconstruction(data, restok))
    ///     Console.WriteLine($"{tokenCount} tokens: {metrics.Psnr:0.00} dB");
    /// </code>
    /// </example>
    /// <inheritdoc cref="EvaluateReconstruction(IDataView, string, string, ReconstructionEvaluationOptions?)" path="/exception"/>
    public IReadOnlyList<(int TokenCount, ReconstructionMetrics Metrics)> EvaluateReconstruction(
        IDataView data, ResTokTokenizer tokenizer, string imageColumnName = "Image", IEnumerable<int>? tokenCounts = null, ImageEvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new();
        options.Validate();
        int side = tokenizer.Config.CropSize;
        IEnumerable<RgbImage> images = Images(data, imageColumnName, image => new(ResTokImages.FitRgb(image, side, options.Resize), side, side), options);
        using var curve = new ReconstructionCurve(tokenizer.Get(environment), options.Weights, tokenCounts);
        ForEachBatch(ImageBatches.Of(images, options.BatchSize, image => image), options, batch =>
        {
            using Tensor x = ImageBatches.Floats(batch);
            curve.Add(x);
        });
        return curve.Result();
    }

    /// <summary>Compares a set of generated images with a set of real ones.</summary>
    /// <param name="generated">Data with a column of images; they are taken as they are.</param>
    /// <param name="reference">Data with a column of real images. They get the size of the first generated one, where that is square; else they are taken as they are.</param>
    /// <param name="imageColumnName">The column in both.</param>
    /// <param name="options">Networks, of which at least one is needed; batch size. Fréchet distances depend on the number of images: compare those of equal numbers only.</param>
    /// <example>
    /// <code>
    /// GenerationMetrics metrics = ml.Images().EvaluateGeneration(data, heldOut);
    /// Console.WriteLine($"{metrics.ResNet18FrechetDistance:0.0}, precision {metrics.ResNet18Precision:0.00}, recall {metrics.ResNet18Recall:0.00}");
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">There is no network.</exception>
    /// <inheritdoc cref="EvaluateReconstruction(IDataView, string, string, ReconstructionEvaluationOptions?)" path="/exception"/>
    public GenerationMetrics EvaluateGeneration(IDataView generated, IDataView reference, string imageColumnName = "Image", ImageEvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentNullException.ThrowIfNull(reference);
        options ??= new();
        options.Validate();
        RgbImage? first = null;
        using ImageSetStatistics sample = Statistics(Images(generated, imageColumnName, image =>
        {
            RgbImage whole = Whole(image);
            first ??= whole;
            return whole;
        }, options), options);
        int? side = first is { } one && one.Width == one.Height ? one.Width : null;
        using ImageSetStatistics real = Statistics(Images(reference, imageColumnName, image => side is { } size ? new(ResTokImages.FitRgb(image, size, options.Resize), size, size) : Whole(image), options), options);
        return sample.CompareWith(real);
    }

    /// <summary>Compares a set of generated images with the reference of an official evaluator.</summary>
    /// <param name="generated">Data with a column of images; they are taken as they are.</param>
    /// <param name="referencePath">
    /// An <c>.npz</c> file with images (<c>arr_0</c>, uint8 [N, H, W, 3]) or statistics of Inception features (<c>mu</c>, <c>sigma</c>, <c>mu_s</c>,
    /// <c>sigma_s</c>), or both; see <see cref="ImageSetStatistics.FromNpz"/>.
    /// </param>
    /// <param name="imageColumnName">The column of images.</param>
    /// <param name="options">Networks, of which at least one is needed; batch size.</param>
    /// <exception cref="ArgumentException">There is no network.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or its arrays are others.</exception>
    /// <inheritdoc cref="EvaluateReconstruction(IDataView, string, string, ReconstructionEvaluationOptions?)" path="/exception"/>
    public GenerationMetrics EvaluateGeneration(IDataView generated, string referencePath, string imageColumnName = "Image", ImageEvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentException.ThrowIfNullOrEmpty(referencePath);
        options ??= new();
        options.Validate();
        using ImageSetStatistics real = ImageSetStatistics.FromNpz(referencePath, options.Weights ?? NoWeights, TorchDevice.Choose(environment), options.CancellationToken);
        using ImageSetStatistics sample = Statistics(Images(generated, imageColumnName, Whole, options), options);
        return sample.CompareWith(real);
    }

    private static EvaluationWeights NoWeights { get; } = new() { Inception = null, AlexNet = null, LpipsHeads = null, ResNet18 = null };

    private ImageSetStatistics Statistics(IEnumerable<RgbImage> images, ImageEvaluationOptions options)
    {
        var statistics = new ImageSetStatistics(options.Weights ?? NoWeights, TorchDevice.Choose(environment));
        try
        {
            ForEachBatch(ImageBatches.Of(images, options.BatchSize, image => image), options, batch =>
            {
                using Tensor bytes = ImageBatches.Bytes(batch);
                statistics.Add(bytes);
            });
            return statistics;
        }
        catch
        {
            statistics.Dispose();
            throw;
        }
    }

    private IEnumerable<RgbImage> Images(IDataView data, string columnName, Func<MLImage, RgbImage> read, ImageEvaluationOptions options)
    {
        DataViewSchema.Column column = ResTokEncodingTransformer.FindImages(data.Schema, columnName);
        return new ViewData<RgbImage>(environment, data, [column], 0, options.OnInvalidRow, source =>
        {
            var reader = new ImageColumnReader(source, column);
            return (long row, Random _, out RgbImage image) => reader.Read(row, read, out image);
        }, Use).ReadInOrder();
    }

    private void ForEachBatch<T>(IEnumerable<List<T>> batches, ImageEvaluationOptions options, Action<List<T>> use)
    {
        using var cancellation = new HostCancellation(environment, options.CancellationToken);
        cancellation.Token.ThrowIfCancellationRequested();
        foreach (List<T> batch in batches)
        {
            use(batch);
            cancellation.Token.ThrowIfCancellationRequested();
        }
    }

    private static RgbImage Whole(MLImage image) => new(ResTokImages.Rgb(image), image.Width, image.Height);

    /// <summary>The image in the size of its reconstruction.</summary>
    private static Pair Fitted(MLImage image, RgbImage rebuilt, ResTokResize resize)
    {
        if (image.Width == rebuilt.Width && image.Height == rebuilt.Height)
            return new(Whole(image), rebuilt, []);
        if (rebuilt.Width != rebuilt.Height)
            throw new ArgumentException($"The image has {image.Width} x {image.Height} pixels, and its reconstruction {rebuilt.Width} x {rebuilt.Height}. Give both one size; only to a square is the image resized.");
        return new(new(ResTokImages.FitRgb(image, rebuilt.Width, resize), rebuilt.Width, rebuilt.Width), rebuilt, []);
    }

    private readonly record struct Pair(RgbImage Image, RgbImage Rebuilt, int[] Tokens);
}

/// <summary>Where to find <see cref="ImageCatalog"/>.</summary>
public static class ImageCatalogExtensions
{
    /// <summary>Evaluation of images that were rebuilt or generated.</summary>
    /// <param name="context">Its <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    public static ImageCatalog Images(this MLContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(context);
    }
}
