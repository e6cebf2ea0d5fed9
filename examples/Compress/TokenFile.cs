/// <summary>
/// An image's tokens as a file: a header of 8 bytes (RSTK, a version byte, bits of a token, and the number of tokens in two bytes, low
/// one first), then the tokens without gaps, each with its highest bit first, and zeros up to a whole byte.
/// </summary>
/// <remarks>A file cut after any token would still hold a complete, coarser image, because tokens are ordered coarse to fine.</remarks>
internal static class TokenFile
{
    public const int HeaderBytes = 8;
    private const byte Version = 1;

    /// <summary>How many bits tell a codebook's entries apart: 13 for 8192.</summary>
    public static int BitsFor(int codebookSize) => int.Log2(codebookSize - 1) + 1;

    /// <summary>How many bytes tokens take after the header: 208 for 128 tokens of 13 bits.</summary>
    public static int PackedBytes(int tokens, int bits) => (tokens * bits + 7) / 8;

    public static void Write(string path, int[] tokens, int bits)
    {
        var bytes = new byte[HeaderBytes + PackedBytes(tokens.Length, bits)];
        "RSTK"u8.CopyTo(bytes);
        bytes[4] = Version;
        bytes[5] = (byte)bits;
        bytes[6] = (byte)tokens.Length;
        bytes[7] = (byte)(tokens.Length >> 8);
        Span<byte> packed = bytes.AsSpan(HeaderBytes);
        for (int i = 0; i < tokens.Length * bits; i++)
        {
            int bit = tokens[i / bits] >> (bits - 1 - i % bits) & 1;
            packed[i / 8] |= (byte)(bit << (7 - i % 8));
        }
        File.WriteAllBytes(path, bytes);
    }

    /// <exception cref="IOException">The file is not such a file, or is cut.</exception>
    public static int[] Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderBytes || !bytes.AsSpan().StartsWith("RSTK"u8))
            throw new IOException($"{path} holds no tokens: it does not begin with RSTK.");
        if (bytes[4] != Version)
            throw new IOException($"{path} has version {bytes[4]}, but this program reads version {Version}.");
        int bits = bytes[5], count = bytes[6] | bytes[7] << 8;
        if (bits is 0 or > 24 || bytes.Length != HeaderBytes + PackedBytes(count, bits))
            throw new IOException($"{path} has {bytes.Length} bytes, which do not fit its {count} tokens of {bits} bits. It was cut or changed; write it again.");
        ReadOnlySpan<byte> packed = bytes.AsSpan(HeaderBytes);
        var tokens = new int[count];
        for (int i = 0; i < count * bits; i++)
            tokens[i / bits] = tokens[i / bits] << 1 | packed[i / 8] >> (7 - i % 8) & 1;
        return tokens;
    }
}
