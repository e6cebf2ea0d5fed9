using System.Runtime.InteropServices;
using ResTok.Models.Runtime;

namespace ResTok.Models.Tests.Runtime;

/// <summary>Whether the C library keeps what is freed, seen by where it takes a large block from: what it maps, as it does by itself, it gives back at once.</summary>
public sealed class FreedMemoryTests
{
    private const int Block = 40 << 20; // more than is ever kept otherwise; never written, so that it takes no memory

    [Fact]
    public void Large_blocks_are_not_mapped_while_freed_memory_is_kept()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryGetExport(NativeLibrary.Load("libc.so.6"), "mallinfo2", out _))
            return; // musl, other systems: nothing is changed there
        using FreedMemory.Kept memory = FreedMemory.Keep();
        Assert.False(IsMapped());
    }

    private static bool IsMapped()
    {
        nuint before = ReadInfo().MappedBytes;
        nint block = Marshal.AllocHGlobal(Block);
        bool isMapped = ReadInfo().MappedBytes >= before + Block;
        Marshal.FreeHGlobal(block);
        return isMapped;
    }

    [DllImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static extern Info ReadInfo();

    [StructLayout(LayoutKind.Sequential)]
    private struct Info
    {
        public nuint Arena, FreeBlocks, FastBlocks, MappedBlocks, MappedBytes, MostUsed, FastBytes, UsedBytes, FreeBytes, Releasable;
    }
}
