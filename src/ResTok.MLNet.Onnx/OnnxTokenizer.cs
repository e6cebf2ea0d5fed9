using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Onnx.Running;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx;

/// <summary>
/// An exported tokenizer in ONNX Runtime, without libtorch: images to tokens and tokens to images. Safe for use by several threads at once.
/// The program references one of Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu and Microsoft.ML.OnnxRuntime.DirectML.
/// </summary>
public sealed class OnnxTokenizer : IDisposable, ITokenizerBackend
{
    private static readonly string[] EncoderOutputs = ["tokens", "latents", "quantized_latents", "features"];

    private readonly InferenceSession encoder;
    private readonly InferenceSession decoder;
    private readonly SharedUse sessions;

    private OnnxTokenizer(TokenizerConfig config, InferenceSession encoder, InferenceSession decoder)
    {
        (this.encoder, this.decoder, sessions, Config) = (encoder, decoder, new(encoder.Dispose + (Action)decoder.Dispose), config);
        Levels = new(config.LatentTokens);
    }

    /// <summary>The configuration of the tokenizer that was exported.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>The levels of the N tokens.</summary>
    public TokenLevels Levels { get; }

    /// <summary>Opens what <see cref="OnnxExport.ExportOnnx(ImageTokenizer, string, OnnxExportOptions?)"/> wrote.</summary>
    /// <param name="folder">With <c>encoder.onnx</c>, <c>decoder.onnx</c> and <c>tokenizer.json</c>.</param>
    /// <param name="options">Threads, and the execution provider of a GPU; by default the CPU. The caller disposes it.</param>
    /// <example>
    /// <code>
    /// using var tokenizer = OnnxTokenizer.Load("restok-onnx");
    /// OnnxEncoding encoding = tokenizer.Encode(pixels); // float32 in [0, 1], planar RGB, one image after another
    /// float[] coarse = tokenizer.Decode(encoding.Tokens, tokenCount: 16);
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">A file is missing or damaged, or ONNX Runtime cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The program has no native part of ONNX Runtime.</exception>
    public static OnnxTokenizer Load(string folder, SessionOptions? options = null)
    {
        using var files = new OnnxFiles(folder, OnnxLayout.Tokenizer);
        return Open(files, options);
    }

    internal static OnnxTokenizer Open(OnnxFiles files, SessionOptions? options)
    {
        TokenizerConfig config = files.ReadConfig(TokenizerConfig.Load);
        InferenceSession encoder = OnnxFolder.Open(files, OnnxLayout.Encoder, options, EncoderOutputs);
        try
        {
            return new(config, encoder, OnnxFolder.Open(files, OnnxLayout.Decoder, options, "pixels"));
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>Turns images into tokens.</summary>
    /// <param name="pixels">RGB in [0, 1], [B, 3, S, S] row by row, with S = <see cref="TokenizerConfig.CropSize"/> and B ≥ 1.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> is not a whole number of images.</exception>
    /// <exception cref="ObjectDisposedException">The tokenizer was disposed.</exception>
    public OnnxEncoding Encode(float[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        int side = Config.CropSize, ofImage = 3 * side * side;
        if (pixels.Length == 0 || pixels.Length % ofImage != 0)
            throw new ArgumentException($"Images have {ofImage} values each, [3, {side}, {side}], but there are {pixels.Length}. Resize and crop images first.", nameof(pixels));
        using SharedUse.Use use = sessions.Begin(this);
        using IDisposableReadOnlyCollection<OrtValue> outputs = RunEncoder(pixels, pixels.Length / ofImage, EncoderOutputs);
        int[][] rows = [.. Longs(outputs[0]).Select(token => (int)token).Chunk(Levels.TokenCount)];
        return new(rows, Floats(outputs[1]), Floats(outputs[2]), Floats(outputs[3]));
    }

    /// <summary>Rebuilds images from their leading tokens.</summary>
    /// <param name="tokens">Token ids of each image, n of each with 1 ≤ n ≤ N.</param>
    /// <param name="tokenCount">How many leading tokens to use, 1 to n. By default all given, but no more than <see cref="TokenizerConfig.TestTokens"/>.</param>
    /// <returns>RGB, nominally in [0, 1] and not clamped, [B, 3, S, S] row by row, with S = <see cref="TokenizerConfig.ImageSize"/>.</returns>
    /// <exception cref="ArgumentException">Images have no or too many tokens, or some more than others.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token id or <paramref name="tokenCount"/> is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The tokenizer was disposed.</exception>
    public float[] Decode(IReadOnlyList<IReadOnlyList<int>> tokens, int? tokenCount = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int count = tokenCount ?? (tokens.Count == 0 ? 0 : Math.Min(tokens[0].Count, Config.TestTokens));
        return Decode(tokens, [.. Enumerable.Repeat(count, tokens.Count)]);
    }

    /// <summary>Rebuilds images, each from a number of leading tokens of its own.</summary>
    /// <param name="tokens">Token ids of each image, n of each with 1 ≤ n ≤ N.</param>
    /// <param name="tokenCounts">For each image how many leading tokens to use, 1 to n.</param>
    /// <returns>As <see cref="Decode(IReadOnlyList{IReadOnlyList{int}}, int?)"/>.</returns>
    /// <inheritdoc cref="Decode(IReadOnlyList{IReadOnlyList{int}}, int?)" path="/exception"/>
    public float[] Decode(IReadOnlyList<IReadOnlyList<int>> tokens, IReadOnlyList<int> tokenCounts)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(tokenCounts);
        using SharedUse.Use use = sessions.Begin(this);
        Check(tokens, tokenCounts);
        return RunDecoder((long[])[.. tokens.SelectMany(row => row.Select(token => (long)token))], [.. tokenCounts.Select(count => (long)count)]);
    }

    /// <summary>Ends the sessions. Calls under way on other threads come to their end.</summary>
    public void Dispose() => sessions.Dispose();

    EncodedImages ITokenizerBackend.Encode(Memory<float> pixels, int count, bool latents, bool features, int searchSteps)
    {
        using SharedUse.Use use = sessions.Begin(this);
        string[] wanted = ["tokens", .. latents ? ["quantized_latents"] : (string[])[], .. features ? ["features"] : (string[])[]];
        return OnnxBackend.Compute(() =>
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = RunEncoder(pixels, count, wanted);
            return new EncodedImages(Longs(outputs[0]), latents ? Floats(outputs[1]) : [], features ? Floats(outputs[^1]) : []);
        });
    }

    byte[] ITokenizerBackend.Decode(Memory<long> tokens, int[] counts)
    {
        using SharedUse.Use use = sessions.Begin(this);
        return OnnxImages.Rgba(OnnxBackend.Compute(() => RunDecoder(tokens, Array.ConvertAll(counts, count => (long)count))), Config.ImageSize);
    }

    private IDisposableReadOnlyCollection<OrtValue> RunEncoder(Memory<float> pixels, int batch, string[] outputs)
    {
        long[] shape = [batch, 3, Config.CropSize, Config.CropSize];
        using OrtValue input = encoder.InputMetadata["pixels"].ElementDataType == TensorElementType.UInt8
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(pixels.ToArray(), ToByte), shape)
            : OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, pixels, shape);
        using var run = new RunOptions();
        return encoder.Run(run, ["pixels"], [input], outputs);
    }

    /// <param name="tokens">[B, n] row by row.</param>
    /// <param name="counts">Of each image.</param>
    private float[] RunDecoder(Memory<long> tokens, long[] counts)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, tokens, [counts.Length, tokens.Length / counts.Length]);
        using OrtValue wanted = OrtValue.CreateTensorValueFromMemory(counts, [counts.Length]);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = decoder.Run(run, ["tokens", "token_counts"], [input, wanted], ["pixels"]);
        return decoder.OutputMetadata["pixels"].ElementDataType == TensorElementType.UInt8
            ? Array.ConvertAll(outputs[0].GetTensorDataAsSpan<byte>().ToArray(), value => value / 255f)
            : Floats(outputs[0]);
    }

    private void Check(IReadOnlyList<IReadOnlyList<int>> tokens, IReadOnlyList<int> tokenCounts)
    {
        int n = tokens.Count == 0 ? 0 : tokens[0].Count;
        if (n < 1 || n > Levels.TokenCount || tokens.Any(row => row.Count != n))
            throw new ArgumentException($"There must be at least one image, and every image must have as many tokens, from 1 to {Levels.TokenCount}.", nameof(tokens));
        if (tokenCounts.Count != tokens.Count)
            throw new ArgumentException($"There are {tokenCounts.Count} token counts for {tokens.Count} images; give one for each.", nameof(tokenCounts));
        foreach (int count in tokenCounts)
        {
            if (count < 1 || count > n)
                throw new ArgumentOutOfRangeException(nameof(tokenCounts), count, $"The token count must be from 1 to the {n} tokens given.");
        }
        foreach (int token in tokens.SelectMany(row => row))
        {
            if (token < 0 || token >= Config.CodebookSize)
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"Token ids must be from 0 to {Config.CodebookSize - 1}, the entries of the codebook.");
        }
    }

    private static long[] Longs(OrtValue value) => value.GetTensorDataAsSpan<long>().ToArray();

    private static float[] Floats(OrtValue value) => value.GetTensorDataAsSpan<float>().ToArray();

    private static byte ToByte(float value) => (byte)Math.Clamp(MathF.Round(value * 255), 0, 255);
}
