namespace ResTok.MLNet.Backends;

/// <summary>What encodes and decodes for the stages. Where the device fails it throws <see cref="System.Runtime.InteropServices.ExternalException"/>.</summary>
internal interface ITokenizerBackend
{
    /// <summary>Turns images into tokens.</summary>
    /// <param name="pixels">RGB in [0, 1], [B, 3, S, S] row by row.</param>
    /// <param name="count">B.</param>
    /// <param name="latents">Whether the codes of the tokens are wanted.</param>
    /// <param name="features">Whether the mean of the coarsest image tokens is wanted.</param>
    /// <param name="searchSteps">Of a search for better tokens; 0 for the encoder's, all that ONNX Runtime gives.</param>
    EncodedImages Encode(Memory<float> pixels, int count, bool latents, bool features, int searchSteps);

    /// <summary>Rebuilds images.</summary>
    /// <param name="tokens">[B, N] row by row.</param>
    /// <param name="counts">How many leading tokens of each image to use, B.</param>
    /// <returns>Rgba32, image by image.</returns>
    byte[] Decode(Memory<long> tokens, int[] counts);
}

/// <summary>What encoding made of a batch.</summary>
/// <param name="Tokens">[B, N] row by row.</param>
/// <param name="Latents">The codes of the tokens, [B, C, 1, N] row by row; empty where they are not wanted.</param>
/// <param name="Features">[B, D] row by row; empty where they are not wanted.</param>
internal sealed record EncodedImages(long[] Tokens, float[] Latents, float[] Features)
{
    public static EncodedImages None { get; } = new([], [], []);
}
