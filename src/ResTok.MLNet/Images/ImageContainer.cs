using System.Buffers.Binary;
using SkiaSharp;

namespace ResTok.MLNet.Images;

/// <summary>What Skia does not say of the containers that it reads.</summary>
internal static class ImageContainer
{
    private const int RiffHead = 8, IconHead = 6, IconEntry = 16;

    /// <summary>
    /// Whether all that a file says it has is there. Of a WebP Skia needs only the first frame, and of an icon it takes the sizes that it
    /// finds.
    /// </summary>
    public static bool IsWhole(SKEncodedImageFormat format, ReadOnlySpan<byte> content)
    {
        if (format == SKEncodedImageFormat.Webp)
            return BinaryPrimitives.ReadUInt32LittleEndian(content[4..]) <= content.Length - RiffHead;
        if (format != SKEncodedImageFormat.Ico)
            return true;
        for (int entry = 0; entry < BinaryPrimitives.ReadUInt16LittleEndian(content[4..]); entry++)
        {
            int at = IconHead + IconEntry * entry;
            if (content.Length - at < IconEntry
                || (long)BinaryPrimitives.ReadUInt32LittleEndian(content[(at + 8)..]) + BinaryPrimitives.ReadUInt32LittleEndian(content[(at + 12)..]) > content.Length)
                return false;
        }
        return true;
    }

    /// <summary>The colour of a GIF's transparent pixels, which Skia leaves black: R, G and B in the order of bytes; null where there is none.</summary>
    public static uint? GifBackground(ReadOnlySpan<byte> content)
    {
        const int Head = 13;
        int index = 0, global = TableLength(content[10]), at = Head + global;
        ReadOnlySpan<byte> table = content.Slice(Head, global);
        while (at + 10 <= content.Length && content[at] == 0x21) // extensions
        {
            if (content[at + 1] == 0xf9 && (content[at + 3] & 1) != 0) // graphic control, with a transparent colour
                index = content[at + 6];
            for (at += 2; at < content.Length && content[at] != 0;)
                at += content[at] + 1;
            at++;
        }
        if (at + 10 <= content.Length && content[at] == 0x2c && TableLength(content[at + 9]) is > 0 and var local && at + 10 + local <= content.Length)
            table = content.Slice(at + 10, local);
        if (3 * index + 3 > table.Length)
            return null;
        Span<byte> colour = [table[3 * index], table[3 * index + 1], table[3 * index + 2], 0];
        return BitConverter.ToUInt32(colour);

        static int TableLength(byte flags) => (flags & 0x80) != 0 ? 3 << (flags & 7) + 1 : 0;
    }
}
