using System.Buffers.Binary;
using System.IO.Compression;

namespace ResTok.MLNet.Tests;

/// <summary>PNG files of one byte value.</summary>
internal static class TestPng
{
    /// <summary>A file of any depth.</summary>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows that it says it has.</param>
    /// <param name="depth">Bits of a sample.</param>
    /// <param name="colour">0 for grey, 2 for RGB.</param>
    /// <param name="rows">Rows that it has; all by default.</param>
    public static byte[] Write(int width, int height, byte depth = 8, byte colour = 2, int? rows = null)
    {
        var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < (rows ?? height); y++)
                zlib.Write([0, .. Enumerable.Repeat((byte)0x5a, width * depth / 8 * (colour == 2 ? 3 : 1))]);
        }
        var size = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(size, width);
        BinaryPrimitives.WriteInt32BigEndian(size.AsSpan(4), height);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, [.. size, depth, colour, 0, 0, 0]), .. Chunk("IDAT"u8, data.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, byte[] data)
    {
        byte[] body = [.. name, .. data], chunk = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        body.CopyTo(chunk, 4);
        uint crc = uint.MaxValue;
        foreach (byte value in body)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 4), ~crc);
        return chunk;
    }
}
