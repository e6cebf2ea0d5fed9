using System.Text.Json.Nodes;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Onnx.Export;
using ResTok.MLNet.Onnx.Format;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx;

/// <summary>Writes models as ONNX files, for ONNX Runtime, <c>ApplyOnnxModel</c>, browsers, phones and C++.</summary>
public static class OnnxExport
{
    /// <summary>
    /// Writes a tokenizer as <c>encoder.onnx</c>, <c>decoder.onnx</c> and <c>tokenizer.json</c>, which says of what size pixels are, what the
    /// inputs and outputs are, and the configuration.
    /// </summary>
    /// <param name="tokenizer">Its weights go to the files one by one; no second copy is made of them.</param>
    /// <param name="folder">Made where it is missing. Each file is replaced whole or not at all, and none before all are written.</param>
    /// <param name="options">What the files are like.</param>
    /// <remarks>
    /// | file | inputs | outputs |
    /// | --- | --- | --- |
    /// | <c>encoder.onnx</c> | <c>pixels</c>: RGB in [0, 1], float32 [B, 3, S, S] | <c>tokens</c> int64 [B, N]; <c>latents</c> float32 [B, C, 1, N], before the codebook; <c>quantized_latents</c>, the codes; <c>features</c> float32 [B, D], the mean of the coarsest image tokens |
    /// | <c>decoder.onnx</c> | <c>tokens</c> int64 [B, n], 1 ≤ n ≤ N; <c>token_counts</c> int64 [B], how many leading tokens of each image to use | <c>pixels</c> float32 [B, 3, S, S], nominally in [0, 1] and not clamped |
    /// </remarks>
    /// <example>
    /// <code>
    /// tokenizer.ExportOnnx("restok-onnx");
    /// using var onnx = OnnxTokenizer.Load("restok-onnx"); // needs no libtorch
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The weights are to be inside, but have more than 2 GB.</exception>
    /// <exception cref="IOException">A file cannot be written, for instance because the disk is full. The folder is as it was.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public static void ExportOnnx(this ImageTokenizer tokenizer, string folder, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using SharedUse.Use use = tokenizer.Begin();
        options ??= new();
        ElementType pixels = options.UInt8Pixels ? ElementType.UInt8 : ElementType.Float32;
        var encoder = new WeightedGraph("ResTok encoder", tokenizer.StateDict, TypeOf(options), options.QuantizesProducts);
        EncoderGraph.Build(encoder, tokenizer.Config, pixels);
        var decoder = new WeightedGraph("ResTok decoder", tokenizer.StateDict, TypeOf(options), options.QuantizesProducts);
        DecoderGraph.Build(decoder, tokenizer.Config, pixels);
        JsonObject description = OnnxDescription.Of(tokenizer.Config, options);
        Write(folder, options, description, OnnxLayout.Tokenizer, encoder, decoder);
    }

    /// <summary>
    /// Writes a generator as <c>generator.onnx</c>, one pass of the network, and <c>generator.json</c>, which says how to drive it: the passes,
    /// and for each position what stands there.
    /// </summary>
    /// <param name="generator">Its weights go to the file one by one; no second copy is made of them.</param>
    /// <param name="folder">Made where it is missing; may be that of the tokenizer's files. Each file is replaced whole or not at all, and none before all are written.</param>
    /// <param name="options">What the files are like.</param>
    /// <remarks>
    /// | input | what |
    /// | --- | --- |
    /// | <c>input_ids</c> | int64 [B, n]: rows of one table of classes, the null class, tokens and special tokens, whose offsets are in <c>generator.json</c> |
    /// | <c>position_ids</c> | int64 [n]: adjacent positions, the first of them as many as went before |
    /// | <c>past_key_values.{layer}.key</c> and <c>.value</c> | [B, heads, past, head] of the positions before; past = 0 in the first pass |
    ///
    /// Outputs are <c>logits</c>, float32 [B, n, V], those at p of token p, and <c>present.{layer}.key</c> and <c>.value</c> for the next pass.
    /// </remarks>
    /// <example>
    /// <code>
    /// imageGenerator.ExportOnnx("restok-onnx");
    /// using var onnx = OnnxGenerator.Load("restok-onnx"); // needs no libtorch
    /// </code>
    /// </example>
    /// <inheritdoc cref="ExportOnnx(ImageTokenizer, string, OnnxExportOptions?)" path="/exception"/>
    public static void ExportOnnx(this ImageGenerator generator, string folder, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using SharedUse.Use use = generator.Begin();
        options ??= new();
        var pass = new WeightedGraph("ResTok generator, one pass", generator.StateDict, TypeOf(options), options.QuantizesProducts);
        GeneratorGraph.Build(pass, generator.Config);
        Write(folder, options, OnnxDescription.Of(generator.Config, options), OnnxLayout.Generator, pass);
    }

    private static ElementType TypeOf(OnnxExportOptions options) => options.Precision switch
    {
        OnnxPrecision.Float32 => ElementType.Float32,
        OnnxPrecision.Float16 => ElementType.Float16,
        OnnxPrecision.BFloat16 => ElementType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Precision, "There is no such precision."),
    };

    private static void Write(string folder, OnnxExportOptions options, JsonObject description, OnnxLayout layout, params WeightedGraph[] graphs)
    {
        Directory.CreateDirectory(folder);
        string text = description.ToJsonString(new() { WriteIndented = true });
        var metadata = new Dictionary<string, string> { [OnnxDescription.MetadataKey] = description.ToJsonString() };
        AtomicFile.Write([
            .. layout.Graphs.Zip(graphs).SelectMany(item => OnnxFile.Files(item.Second.Graph, Path.Combine(folder, item.First), options.ExternalData, metadata)),
            (Path.Combine(folder, layout.Description), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text))),
        ]);
    }
}
