using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ResTok.Models.Runtime;

/// <summary>
/// The data caches of a core, in bytes, as oneDNN 3.7 (in libtorch 2.10) works them out. Hypervisors may hide what it reads: it then
/// takes a cache for 1 byte, and its kernels leave out parts of a result or divide by zero.
/// </summary>
/// <param name="Level1">Of one core.</param>
/// <param name="Level2">Of one core.</param>
/// <param name="Level3">A core's share.</param>
internal readonly record struct ProcessorCaches(uint Level1, uint Level2, uint Level3)
{
    private const uint Smallest = 4096; // no processor with a smaller cache runs libtorch

    /// <summary>oneDNN's own guess for processors it knows nothing of.</summary>
    private static readonly ProcessorCaches Guess = new(32 << 10, 512 << 10, 1 << 20);

    /// <summary>Reads a leaf and subleaf of CPUID.</summary>
    /// <returns>EAX, EBX, ECX and EDX.</returns>
    internal delegate (uint A, uint B, uint C, uint D) Cpuid(uint leaf, uint subleaf);

    /// <summary>Whether kernels laid out for these sizes are right.</summary>
    public bool AreSound => Level1 >= Smallest && Level2 >= Smallest && Level3 >= Smallest;

    /// <summary>What oneDNN will believe of this processor; null where it would end the process by dividing by zero.</summary>
    public static ProcessorCaches? Believed() => X86Base.IsSupported ? Believed(ReadProcessor) : Guess;

    /// <summary>The same, with what could not be right replaced by what other leaves say, or a guess.</summary>
    public static ProcessorCaches Mended() => Mended(ReadProcessor);

    internal static ProcessorCaches? Believed(Cpuid cpuid)
    {
        (uint lastLeaf, _, uint vendor, _) = cpuid(0, 0);
        bool isAmd = vendor == Vendor("cAMD");
        if (!isAmd && vendor != Vendor("ntel"))
            return Guess;
        (uint threads, uint cores) = lastLeaf >= 0xB ? Topology(cpuid) : (0, 0);
        return isAmd ? Amd(cpuid, threads, cores) : Intel(cpuid, threads, cores);
    }

    internal static ProcessorCaches Mended(Cpuid cpuid)
    {
        ProcessorCaches believed = Believed(cpuid) ?? default, other = Guess;
        if (cpuid(0, 0).C == Vendor("cAMD") && cpuid(0x80000000, 0).A >= 0x80000006)
        {
            // Older leaves, which those hypervisors leave alone. The third level is a whole socket's there: a core has 4 MB of it since 2017.
            (_, _, uint level2, uint level3) = cpuid(0x80000006, 0);
            other = new((cpuid(0x80000005, 0).C >> 24) << 10, (level2 >> 16) << 10, Math.Min((level3 >> 18) << 19, 4 << 20));
        }
        return new(
            Choose(believed.Level1, other.Level1, Guess.Level1),
            Choose(believed.Level2, other.Level2, Guess.Level2),
            Choose(believed.Level3, other.Level3, Guess.Level3));

        static uint Choose(params ReadOnlySpan<uint> sizes)
        {
            foreach (uint size in sizes)
            {
                if (size >= Smallest)
                    return size;
            }
            return Smallest;
        }
    }

    /// <summary>Logical processors of a core and of a socket.</summary>
    private static (uint Threads, uint Cores) Topology(Cpuid cpuid)
    {
        Span<uint> counts = [0, 0];
        for (uint i = 0; i < 2; i++)
        {
            (_, uint count, uint kind, _) = cpuid(0xB, i);
            if (((kind >> 8) & 0x7f) is (1 or 2) and var level)
                counts[(int)level - 1] = count & 0x7fff;
        }
        uint threads = Math.Max(1, counts[0]);
        return (threads, Math.Max(threads, counts[1]));
    }

    private static ProcessorCaches? Amd(Cpuid cpuid, uint threads, uint cores)
    {
        if (threads == 0)
            return null;
        Span<uint> sizes = [0, 0, 0];
        for (int level = 0; level < 3; level++)
        {
            (uint shared, uint geometry, uint sets, _) = cpuid(0x8000001D, level == 0 ? 0u : (uint)level + 1); // 1 is the instruction cache
            sizes[level] = Size(geometry, sets) / Math.Max(1, Sharing(shared, cores) / threads);
        }
        return new(sizes[0], sizes[1], sizes[2]);
    }

    private static ProcessorCaches? Intel(Cpuid cpuid, uint threads, uint cores)
    {
        var sizes = new List<uint>();
        for (uint i = 0; sizes.Count < 10; i++)
        {
            (uint shared, uint geometry, uint sets, _) = cpuid(4, i);
            uint kind = shared & 0xf;
            if (kind == 0)
                break;
            if (kind is not (1 or 3)) // data or unified
                continue;
            uint sharing = Sharing(shared, cores);
            if (kind == 1 && threads == 0)
                threads = sharing;
            if (threads == 0)
                return null;
            sizes.Add(Size(geometry, sets) / Math.Max(1, sharing / threads));
        }
        return sizes.Count == 0 ? Guess : new(sizes[0], sizes.ElementAtOrDefault(1), sizes.ElementAtOrDefault(2));
    }

    private static uint Size(uint geometry, uint sets) =>
        (((geometry >> 22) & 0x1ff) + 1) * (((geometry >> 12) & 0x1ff) + 1) * ((geometry & 0x7ff) + 1) * (sets + 1);

    private static uint Sharing(uint shared, uint cores)
    {
        uint sharing = ((shared >> 14) & 0x7ff) + 1;
        return cores == 0 ? sharing : Math.Min(sharing, cores);
    }

    private static uint Vendor(string ending) => MemoryMarshal.Read<uint>(System.Text.Encoding.ASCII.GetBytes(ending));

    private static (uint A, uint B, uint C, uint D) ReadProcessor(uint leaf, uint subleaf)
    {
        (int a, int b, int c, int d) = X86Base.CpuId((int)leaf, (int)subleaf);
        return ((uint)a, (uint)b, (uint)c, (uint)d);
    }
}
