using System.Buffers.Binary;
using System.Text;

namespace ResTok.Models.Runtime;

/// <summary>
/// Makes a 64-bit ELF library content with an older libstdc++. Its demands for GLIBCXX_3.4.32 and 3.4.30 become weak, so that
/// the dynamic linker passes over them where they are not met. Of the two symbols behind them, the first
/// (<c>std::ios_base_library_init()</c>) is referred to by no code, it only makes older libraries refuse; the second
/// (<c>std::condition_variable::wait</c>) is bound to its older version, which every libstdc++ still has.
/// </summary>
internal static class ElfRelinker
{
    private const string UnusedVersion = "GLIBCXX_3.4.32";
    private const string UnusedSymbol = "_ZSt21ios_base_library_initv";
    private const string WaitVersion = "GLIBCXX_3.4.30";
    private const string WaitSymbol = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE";
    private const string OldWaitVersion = "GLIBCXX_3.4.11";
    private const ushort Weak = 2; // VER_FLG_WEAK

    /// <returns>The changed copy; the input stays as it is.</returns>
    /// <exception cref="InvalidDataException">The file is not such a library.</exception>
    public static byte[] Relink(byte[] original)
    {
        var file = (byte[])original.Clone();
        try
        {
            Relink(file.AsSpan());
        }
        catch (ArgumentOutOfRangeException fault)
        {
            throw new InvalidDataException("The library is cut short or is no ELF file for x64.", fault);
        }
        return file;
    }

    private static void Relink(Span<byte> file)
    {
        if (!file[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("The library is no little-endian 64-bit ELF file.");
        Section symbols = FindSection(file, ".dynsym"), strings = FindSection(file, ".dynstr");
        Section symbolVersions = FindSection(file, ".gnu.version"), neededVersions = FindSection(file, ".gnu.version_r");
        NeededVersion unused = FindVersion(file, neededVersions, strings, UnusedVersion);
        NeededVersion wait = FindVersion(file, neededVersions, strings, WaitVersion);
        NeededVersion oldWait = FindVersion(file, neededVersions, strings, OldWaitVersion);

        for (int i = 0; i < symbols.Size / 24; i++)
        {
            Span<byte> version = file.Slice(symbolVersions.Offset + 2 * i, 2);
            int index = BinaryPrimitives.ReadUInt16LittleEndian(version) & 0x7fff;
            if (index != unused.Index && index != wait.Index)
                continue;
            string name = ReadString(file, strings.Offset + (int)BinaryPrimitives.ReadUInt32LittleEndian(file[(symbols.Offset + 24 * i)..]));
            if (name != (index == unused.Index ? UnusedSymbol : WaitSymbol))
                throw new InvalidDataException($"The library needs {name} of a newer libstdc++, which no older version replaces.");
            if (index == wait.Index)
                BinaryPrimitives.WriteUInt16LittleEndian(version, oldWait.Index);
        }
        foreach (NeededVersion version in new[] { unused, wait })
        {
            Span<byte> flags = file[(version.Entry + 4)..];
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | Weak));
        }
    }

    /// <summary>The version names without which the library does not load, as the dynamic linker reads them.</summary>
    internal static IReadOnlyList<string> StrictVersions(ReadOnlySpan<byte> file)
    {
        Section strings = FindSection(file, ".dynstr");
        var names = new List<string>();
        foreach (NeededVersion version in Versions(file, FindSection(file, ".gnu.version_r")))
        {
            if ((BinaryPrimitives.ReadUInt16LittleEndian(file[(version.Entry + 4)..]) & Weak) == 0)
                names.Add(ReadString(file, strings.Offset + (int)version.Name));
        }
        return names;
    }

    private static NeededVersion FindVersion(ReadOnlySpan<byte> file, Section needed, Section strings, string name)
    {
        foreach (NeededVersion version in Versions(file, needed))
        {
            if (ReadString(file, strings.Offset + (int)version.Name) == name)
                return version;
        }
        throw new InvalidDataException($"The library does not need {name}.");
    }

    private static List<NeededVersion> Versions(ReadOnlySpan<byte> file, Section needed)
    {
        var versions = new List<NeededVersion>();
        int library = needed.Offset;
        for (int next = 1; next != 0 && library < needed.Offset + needed.Size;)
        {
            int count = BinaryPrimitives.ReadUInt16LittleEndian(file[(library + 2)..]);
            int entry = library + (int)BinaryPrimitives.ReadUInt32LittleEndian(file[(library + 8)..]);
            for (int i = 0; i < count; i++)
            {
                versions.Add(new(
                    entry,
                    BinaryPrimitives.ReadUInt16LittleEndian(file[(entry + 6)..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(file[(entry + 8)..])));
                entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(file[(entry + 12)..]);
            }
            next = (int)BinaryPrimitives.ReadUInt32LittleEndian(file[(library + 12)..]);
            library += next;
        }
        return versions;
    }

    private static Section FindSection(ReadOnlySpan<byte> file, string name)
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(file[0x28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file[0x3A..]), count = BinaryPrimitives.ReadUInt16LittleEndian(file[0x3C..]);
        int names = SectionAt(file, table + size * BinaryPrimitives.ReadUInt16LittleEndian(file[0x3E..])).Offset;
        for (int i = 0; i < count; i++)
        {
            int header = table + size * i;
            if (ReadString(file, names + (int)BinaryPrimitives.ReadUInt32LittleEndian(file[header..])) == name)
                return SectionAt(file, header);
        }
        throw new InvalidDataException($"The library has no section {name}.");
    }

    private static Section SectionAt(ReadOnlySpan<byte> file, int header) => new(
        (int)BinaryPrimitives.ReadUInt64LittleEndian(file[(header + 0x18)..]), (int)BinaryPrimitives.ReadUInt64LittleEndian(file[(header + 0x20)..]));

    private static string ReadString(ReadOnlySpan<byte> file, int offset)
    {
        ReadOnlySpan<byte> rest = file[offset..];
        return Encoding.ASCII.GetString(rest[..Math.Max(rest.IndexOf((byte)0), 0)]);
    }

    private readonly record struct Section(int Offset, int Size);

    /// <param name="Entry">Where the entry is in the file.</param>
    /// <param name="Index">What symbols refer to it by.</param>
    /// <param name="Name">Offset of its name in the string table.</param>
    private readonly record struct NeededVersion(int Entry, ushort Index, uint Name);
}
