using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet;

/// <summary>The ResTok stages of <c>mlContext.Transforms</c>.</summary>
public static class ResTokCatalog
{
    /// <summary>
    /// Makes a <see cref="ResTokImageLoadingEstimator"/>, which reads image files as the reference does: whole or not at all, and
    /// without transparency. It takes the place of ML.NET's <c>LoadImages</c>, also before other stages.
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>.</param>
    /// <param name="outputColumnName">The column of images to add.</param>
    /// <param name="inputColumnName">The column of files; the output's name if null.</param>
    /// <param name="imageFolder">Where relative paths start; the current folder if null or empty.</param>
    /// <param name="options">The largest image to read, orientation, and what to do with rows that cannot be read.</param>
    /// <remarks>
    /// | column | type |
    /// | --- | --- |
    /// | input | text, the path of a file; or Vector&lt;Byte&gt;, what is in it, as <c>LoadRawImageBytes</c> gives |
    /// | output | image, Rgba32, opaque; null for rows that cannot be read, with <see cref="InvalidRowHandling.Missing"/> |
    ///
    /// Reads PNG, JPEG, WebP, BMP, GIF and ICO, of several frames the first, at 8 bits, CMYK as RGB, without colour management. Pixels are
    /// those of Pillow's <c>convert("RGB")</c>: transparency is dropped and not blended. A file that is damaged, cut short or too large is
    /// an unreadable row whose message names the file, and one of another format names that. The size is known before memory is taken.
    /// As of <c>LoadImages</c>, an image that is read from the column is disposed when the next is read into the same variable, and when the
    /// cursor is: copy what is to stay.
    /// </remarks>
    /// <example>
    /// <code>
    /// var encode = ml.Transforms.ResTokLoadImages("Image", "Path", "images", new() { OnInvalidRow = InvalidRowHandling.Missing })
    ///     .Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing }));
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static ResTokImageLoadingEstimator ResTokLoadImages(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName = null, string? imageFolder = null, ResTokImageLoadingEstimator.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, inputColumnName ?? outputColumnName, imageFolder, options ?? new());
    }

    /// <summary>
    /// Makes a <see cref="ResTokEncodingEstimator"/>, which turns images into N discrete tokens, ordered coarse to fine
    /// (arXiv 2601.03955).
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>, whose <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    /// <param name="outputColumnName">The column of tokens to add.</param>
    /// <param name="inputColumnName">The column of images; the output's name if null.</param>
    /// <param name="tokenizer">The weights. The caller keeps the handle and disposes it; transformers hold references of their own.</param>
    /// <param name="options">More columns, batch size, resizing.</param>
    /// <remarks>
    /// | column | type |
    /// | --- | --- |
    /// | input | image of any size, either pixel order |
    /// | output | Vector&lt;Int32, N&gt;, or Vector&lt;Key&lt;UInt32&gt;, N&gt; with <c>TokensAsKeys</c>; slot names <c>level3.2</c> |
    /// | <c>LatentsColumnName</c> | Vector&lt;Single, C·N&gt; |
    /// | <c>FeaturesColumnName</c> | Vector&lt;Single, D&gt; |
    ///
    /// Images are best read with <see cref="ResTokLoadImages"/>. ML.NET's <c>LoadImages</c> works too. It does not follow orientation tags,
    /// and blends transparent pixels with black; the file's own colours are then read once more, as the reference has them. It gives a
    /// part-black image of a file that is cut short; every file that it read is decoded once more to find that. And it takes memory for
    /// an image before this stage sees it: a file of half a megabyte can claim 30,000 × 30,000 pixels, which take 6 GB and are then
    /// refused here (the most are 536,870,911).
    /// </remarks>
    /// <example>
    /// <code>
    /// using ResTokTokenizer restok = ResTokTokenizer.Load("restok_l_128.r256_in1k");
    /// var encode = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok));
    /// IEnumerable&lt;int[]> tokens = encode.Fit(data).Transform(data).GetColumn&lt;int[]>("Tokens");
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException"><c>SearchSteps</c> are wanted of a model that ONNX Runtime computes.</exception>
    public static ResTokEncodingEstimator ResTokEncode(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, ResTokTokenizer tokenizer, ResTokEncodingEstimator.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, inputColumnName ?? outputColumnName, tokenizer, options ?? new());
    }

    /// <summary>Makes a <see cref="ResTokDecodingEstimator"/>, which rebuilds images from all or from the leading tokens.</summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>, whose <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    /// <param name="outputColumnName">The column of images to add.</param>
    /// <param name="inputColumnName">The column of tokens; the output's name if null.</param>
    /// <param name="tokenizer">The weights. The caller keeps the handle and disposes it; transformers hold references of their own.</param>
    /// <param name="tokenCount">How many leading tokens to use, 1 to N; by default all that a row has.</param>
    /// <param name="options">Batch size, a column of token counts.</param>
    /// <remarks>
    /// | column | type |
    /// | --- | --- |
    /// | input | Vector&lt;Int32&gt; or Vector&lt;Key&lt;UInt32&gt;&gt; of at most N tokens |
    /// | <c>TokenCountColumnName</c> | Int32 |
    /// | output | image, S×S, Rgba32. Whoever reads an image from it disposes that image. |
    /// </remarks>
    /// <example>
    /// <code>
    /// var decode = ml.Transforms.ResTokDecode("Coarse", "Tokens", restok, tokenCount: 16).Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok));
    /// foreach (MLImage image in decode.Fit(data).Transform(data).GetColumn&lt;MLImage>("Image"))
    ///     image.Dispose();
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tokenCount"/> or an option is out of range.</exception>
    /// <exception cref="ArgumentException">Both <paramref name="tokenCount"/> and a column of token counts are given.</exception>
    public static ResTokDecodingEstimator ResTokDecode(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, ResTokTokenizer tokenizer, int? tokenCount = null, ResTokDecodingEstimator.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, inputColumnName ?? outputColumnName, tokenizer, tokenCount, options ?? new());
    }

    /// <summary>
    /// Makes a <see cref="ResTokGenerationEstimator"/>, which generates images of a class as tokens for
    /// <see cref="ResTokDecode"/> (hierarchical autoregression, arXiv 2601.03955).
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>, whose <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    /// <param name="outputColumnName">The column of tokens to add.</param>
    /// <param name="labelColumnName">The column of classes; the output's name if null.</param>
    /// <param name="generator">The weights. The caller keeps the handle and disposes it; transformers hold references of their own.</param>
    /// <param name="options">Sampling, seed and prefix columns, levels, batch size. By default sampling is the paper's.</param>
    /// <remarks>
    /// | column | type |
    /// | --- | --- |
    /// | label | any integer, 0 to classes − 1; a class's name as text, where the generator knows its <see cref="Models.GeneratorConfig.ClassNames"/>; or a key |
    /// | <c>SeedColumnName</c> | any integer |
    /// | <c>PrefixColumnName</c> | Vector&lt;Int32&gt; or Vector&lt;Key&lt;UInt32&gt;&gt; of at most N tokens |
    /// | output | Vector&lt;Int32, n&gt;, or Vector&lt;Key&lt;UInt32&gt;, n&gt; with <c>TokensAsKeys</c>; n = N unless <c>Levels</c> is given |
    ///
    /// A key whose values are known (of <c>MapValueToKey</c>) means the class of its value, a name or a number, whatever its place among
    /// the keys. Where the values are names and the generator knows none, or there are no values, key k is class k − 1; of the former a
    /// warning is logged, because it cannot be checked.
    /// </remarks>
    /// <example>
    /// <code>
    /// var draw = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = SamplingOptions.Official with { Seed = 7 } })
    ///     .Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok));
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">Options contradict each other or the model.</exception>
    public static ResTokGenerationEstimator ResTokGenerate(
        this TransformsCatalog catalog, string outputColumnName, string? labelColumnName, ResTokGenerator generator, ResTokGenerationEstimator.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(generator);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, labelColumnName ?? outputColumnName, generator, options ?? new());
    }

    /// <summary>
    /// Makes a <see cref="ResTokTokenizerTrainer"/>, whose <c>Fit</c> trains a tokenizer on images, from scratch or further
    /// (arXiv 2601.03955, section 4).
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>, whose <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    /// <param name="outputColumnName">The column of tokens that the trained transformer adds.</param>
    /// <param name="inputColumnName">The column of images; the output's name if null.</param>
    /// <param name="options">The model, the losses, the optimiser, the run folder.</param>
    /// <remarks>Columns of the trained transformer are those of <see cref="ResTokEncode"/>.</remarks>
    /// <example>
    /// <code>
    /// var trainer = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
    /// {
    ///     Config = new() { CropSize = 64, LatentTokens = 64, EncoderSize = VitSize.Mini, DecoderSize = VitSize.Mini },
    ///     Training = new() { RunFolder = "run", Steps = 10_000 },
    ///     ValidationSet = heldOut,
    /// });
    /// using ResTokEncodingTransformer encode = trainer.Fit(data);
    /// using ResTokTokenizer trained = encode.ShareModel(); // for ResTokDecode
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The configuration cannot work.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static ResTokTokenizerTrainer ResTokTrainTokenizer(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, ResTokTokenizerTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(options);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, inputColumnName ?? outputColumnName, options);
    }

    /// <summary>
    /// Makes a <see cref="ResTokGeneratorTrainer"/>, whose <c>Fit</c> trains a generator on the tokens of labelled images
    /// (arXiv 2601.03955, section 4).
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>, whose <c>GpuDeviceId</c> and <c>FallbackToCpu</c> choose the device.</param>
    /// <param name="outputColumnName">The column of tokens that the trained transformer adds.</param>
    /// <param name="tokensColumnName">The column of tokens to learn: N, or N for each of several views of the image, of which every epoch takes one.</param>
    /// <param name="labelColumnName">The column of classes, any integer or a key; the trained transformer reads it too.</param>
    /// <param name="options">The model, the optimiser, the run folder.</param>
    /// <remarks>Columns of the trained transformer are those of <see cref="ResTokGenerate"/>.</remarks>
    /// <example>
    /// <code>
    /// var trainer = ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
    /// {
    ///     Config = new() { Tokens = 64, Classes = 11, CodebookSize = 1024 },
    ///     Training = new() { RunFolder = "run", Steps = 3_000 },
    /// });
    /// using ResTokGenerationTransformer draw = trainer.Fit(data);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The configuration cannot work.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static ResTokGeneratorTrainer ResTokTrainGenerator(
        this TransformsCatalog catalog, string outputColumnName, string tokensColumnName, string labelColumnName, ResTokGeneratorTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(tokensColumnName);
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        ArgumentNullException.ThrowIfNull(options);
        return new(MLNetInternals.EnvironmentOf(catalog), outputColumnName, tokensColumnName, labelColumnName, options);
    }
}
