using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace ResTok.FaultTests.Files;

/// <summary>Small damage to valid files.</summary>
internal static partial class Mutator
{
    private static readonly ulong[] Lengths =
        [0, 1, 2, 7, 127, 128, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 100_000_000, 1UL << 40, long.MaxValue, 1UL << 63, ulong.MaxValue];

    private static readonly string[] Numbers =
    [
        "0", "-1", "1", "2", "3", "16", "17", "512", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "1000000000", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "-9223372036854775808", "0.5", "1e308", "1e999", "-1e999", "NaN", "Infinity", "null", "true", "\"16\"", "[]", "{}", "1.0000000001",
    ];

    /// <summary>One to three changes anywhere from <paramref name="from"/> on.</summary>
    public static byte[] Change(byte[] valid, Random random, int from = 0)
    {
        byte[] bytes = valid;
        for (int i = random.Next(3); i >= 0; i--)
            bytes = ChangeOnce(bytes, random, Math.Min(from, bytes.Length));
        return bytes;
    }

    /// <summary>Puts other values in the place of one to three numbers of a text.</summary>
    public static string ChangeNumbers(string text, Random random)
    {
        for (int i = random.Next(3); i >= 0; i--)
        {
            MatchCollection numbers = Number().Matches(text);
            if (numbers.Count == 0)
                return text;
            Match chosen = numbers[random.Next(numbers.Count)];
            text = text[..chosen.Index] + Numbers[random.Next(Numbers.Length)] + text[(chosen.Index + chosen.Length)..];
        }
        return text;
    }

    private static byte[] ChangeOnce(byte[] bytes, Random random, int from)
    {
        int length = bytes.Length - from;
        if (length < 16)
            return [.. bytes, .. Encoding.UTF8.GetBytes(Numbers[random.Next(Numbers.Length)])];
        int at = from + random.Next(length);
        switch (random.Next(6))
        {
            case 0: // bits
                byte[] flipped = [.. bytes];
                for (int i = random.Next(8); i >= 0; i--)
                    flipped[from + random.Next(length)] ^= (byte)(1 << random.Next(8));
                return flipped;
            case 1: // the end
                return bytes[..at];
            case 2: // a part out
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 32))..]];
            case 3: // a part from elsewhere in
                int other = random.Next(bytes.Length);
                return [.. bytes[..at], .. bytes[other..Math.Min(bytes.Length, other + random.Next(1, 64))], .. bytes[at..]];
            case 4: // a length
                byte[] field = new byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(field, Lengths[random.Next(Lengths.Length)]);
                byte[] written = [.. bytes];
                field.AsSpan(0, Math.Min(1 << random.Next(4), bytes.Length - at)).CopyTo(written.AsSpan(at));
                return written;
            default: // any byte
                byte[] replaced = [.. bytes];
                replaced[at] = (byte)random.Next(256);
                return replaced;
        }
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();
}
