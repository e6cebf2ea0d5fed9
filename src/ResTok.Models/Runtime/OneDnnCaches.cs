using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ResTok.Models.Runtime;

/// <summary>
/// The cache sizes inside a loaded oneDNN. They are kept in an object in libtorch_cpu's data, made at first use; to write them there
/// changes seven integers and no code. Where they lie is known of one build of the library, which is recognised by its build id and by
/// the code of the function that reads them.
/// </summary>
internal sealed class OneDnnCaches
{
    // libtorch-cpu-linux-x64 2.10.0, file SHA-256 0f4b3e14…: addresses of its symbol table.
    private const nint BuildIdNote = 0x15875000;
    private const nint ReadFunction = 0xfa22b40; // dnnl::impl::cpu::platform::get_per_core_cache_size(int)
    private const int ReadFunctionLength = 473;
    private const nint Processor = 0x1585b180; // Xbyak::util::Cpu of dnnl::impl::cpu::x64::cpu()
    private const int Sizes = 0x1c, Sharing = 0x44, Levels = 0x6c; // in it
    private const string BuildId = "e59a73f8ca02c19463bd923dc568ce765b2a1106";
    private const string ReadFunctionHash = "f99237e8e79d76fdaed11f1ae329acbd414ad125bbb897ee56b0bfeca7b42aa6";

    private readonly nint processor;
    private readonly PerCore perCore;

    private OneDnnCaches(nint baseAddress)
    {
        processor = baseAddress + Processor;
        perCore = Marshal.GetDelegateForFunctionPointer<PerCore>(baseAddress + ReadFunction);
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate uint PerCore(int level);

    /// <summary>What oneDNN lays its kernels out for from now on. Asking makes the object where it is not made yet.</summary>
    public ProcessorCaches Read() => new(perCore(1), perCore(2), perCore(3));

    /// <exception cref="TorchRuntimeException">oneDNN says other sizes afterwards.</exception>
    public void Write(ProcessorCaches caches)
    {
        Read();
        int level = 0;
        foreach (uint size in new[] { caches.Level1, caches.Level2, caches.Level3 })
        {
            Marshal.WriteInt32(processor + Sizes + 4 * level, (int)size);
            Marshal.WriteInt32(processor + Sharing + 4 * level, 1);
            level++;
        }
        Marshal.WriteInt32(processor + Levels, level);
        if (Read() != caches)
            throw new TorchRuntimeException($"oneDNN was told of {caches} and says {Read()}.");
    }

    /// <summary>Finds them in the libtorch that is loaded; null where it is another build, or no Linux on x64.</summary>
    public static OneDnnCaches? Find()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return null;
        List<(nint Start, nint End, string Rights)> parts =
            [.. File.ReadLines("/proc/self/maps").Where(line => line.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal)).Select(ParseLine)];
        if (parts.Count == 0)
            return null;
        nint start = parts[0].Start;
        // The object lies in zeroed memory, which has no file's name in the list; the two parts around it have.
        if (ReadAt(BuildIdNote, 36, "r") is not { } note || Convert.ToHexStringLower(note[16..]) != BuildId
            || ReadAt(ReadFunction, ReadFunctionLength, "x") is not { } code || Convert.ToHexStringLower(SHA256.HashData(code)) != ReadFunctionHash)
            return null;
        return new(start);

        byte[]? ReadAt(nint offset, int length, string right)
        {
            if (!parts.Exists(part => part.Rights.Contains(right, StringComparison.Ordinal) && part.Rights[0] == 'r' && part.Start <= start + offset && start + offset + length <= part.End))
                return null;
            var bytes = new byte[length];
            Marshal.Copy(start + offset, bytes, 0, length);
            return bytes;
        }
    }

    private static (nint Start, nint End, string Rights) ParseLine(string line)
    {
        string[] words = line.Split(' ', 3);
        string[] range = words[0].Split('-');
        return (nint.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), nint.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), words[1]);
    }
}
