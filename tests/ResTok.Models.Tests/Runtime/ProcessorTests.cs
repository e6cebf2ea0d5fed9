using System.Runtime.InteropServices;
using ResTok.Models.Runtime;
using static ResTok.Models.Runtime.ProcessorCaches;

namespace ResTok.Models.Tests.Runtime;

public class ProcessorTests
{
    private const uint Amd = 0x444d4163, Intel = 0x6c65746e; // "cAMD", "ntel"

    /// <summary>An EPYC 9B14 (Zen 4) as it is: 32 KB, 1 MB and 32 MB for 8 cores of 2 threads.</summary>
    private static readonly Dictionary<(uint, uint), (uint, uint, uint, uint)> Zen4 = new()
    {
        [(0, 0)] = (0x10, 0, Amd, 0),
        [(0xB, 0)] = (1, 2, 0x100, 0),
        [(0xB, 1)] = (7, 16, 0x201, 0),
        [(0x80000000, 0)] = (0x80000028, 0, Amd, 0),
        [(0x8000001D, 0)] = (0x00004121, 0x01c0003f, 0x3f, 0),
        [(0x8000001D, 2)] = (0x00004143, 0x01c0003f, 0x7ff, 0),
        [(0x8000001D, 3)] = (0x0003c163, 0x03c0003f, 0x7fff, 0),
    };

    /// <summary>A virtual machine on an EPYC of Zen 5 that hides the topology and the caches, as read there.</summary>
    private static readonly Dictionary<(uint, uint), (uint, uint, uint, uint)> Hidden = new()
    {
        [(0, 0)] = (0xd, 0x68747541, Amd, 0x69746e65),
        [(0x80000000, 0)] = (0x80000021, 0, Amd, 0),
        [(0x80000005, 0)] = (0xff60ff40, 0xff60ff40, 0x300c0140, 0x20080140),
        [(0x80000006, 0)] = (0x40802040, 0x60804040, 0x04006140, 0x0fe09140),
    };

    private static readonly Dictionary<(uint, uint), (uint, uint, uint, uint)> Xeon = new()
    {
        [(0, 0)] = (0x20, 0, Intel, 0),
        [(0xB, 0)] = (1, 2, 0x100, 0),
        [(0xB, 1)] = (7, 4, 0x201, 0),
        [(4, 0)] = (0x1c004121, 0x02c0003f, 0x3f, 0),
        [(4, 1)] = (0x1c004122, 0x01c0003f, 0x3f, 0),
        [(4, 2)] = (0x1c004143, 0x03c0003f, 0x7ff, 0),
        [(4, 3)] = (0x1c03c163, 0x0380003f, 0xdfff, 0),
    };

    [Fact]
    public void A_processor_that_shows_its_caches_is_believed()
    {
        Assert.Equal(new ProcessorCaches(32 << 10, 1 << 20, 4 << 20), Believed(Reader(Zen4)));
        Assert.Equal(new ProcessorCaches(48 << 10, 2 << 20, (15 * 64 * 0xe000) / 2), Believed(Reader(Xeon))); // two of its four threads' worth
        Assert.All(new[] { Zen4, Xeon }, leaves => Assert.True(Believed(Reader(leaves))!.Value.AreSound));
        Assert.All(new[] { Zen4, Xeon }, leaves => Assert.Equal(Believed(Reader(leaves)), Mended(Reader(leaves))));
    }

    [Fact]
    public void Hidden_caches_count_one_byte_and_are_mended_by_the_older_leaves()
    {
        Assert.Equal(new ProcessorCaches(1, 1, 1), Believed(Reader(Hidden)));
        Assert.False(Believed(Reader(Hidden))!.Value.AreSound);
        Assert.Equal(new ProcessorCaches(48 << 10, 1 << 20, 4 << 20), Mended(Reader(Hidden)));
    }

    [Fact]
    public void A_single_missing_level_is_mended_alone()
    {
        var leaves = new Dictionary<(uint, uint), (uint, uint, uint, uint)>(Zen4) { [(0x8000001D, 3)] = default };
        Assert.False(Believed(Reader(leaves))!.Value.AreSound);
        Assert.Equal(new ProcessorCaches(32 << 10, 1 << 20, 1 << 20), Mended(Reader(leaves)));
    }

    [Fact]
    public void Without_a_topology_leaf_an_AMD_would_divide_by_zero()
    {
        var leaves = new Dictionary<(uint, uint), (uint, uint, uint, uint)>(Zen4) { [(0, 0)] = (0xA, 0, Amd, 0) };
        Assert.Null(Believed(Reader(leaves)));
        Assert.True(Mended(Reader(leaves)).AreSound);
    }

    [Fact]
    public void An_Intel_without_leaf_4_and_an_unknown_vendor_get_the_guess_of_oneDNN()
    {
        Assert.True(Believed(Reader(new() { [(0, 0)] = (0x20, 0, Intel, 0) }))!.Value.AreSound);
        Assert.True(Believed(Reader(new() { [(0, 0)] = (0x20, 0, 0x656e6975, 0) }))!.Value.AreSound);
    }

    [Fact]
    public void This_processor_is_sound_or_something_was_done()
    {
        TorchRuntime.EnsureLoaded();
        bool isSound = Believed() is { AreSound: true };
        Assert.Equal(isSound && Environment.GetEnvironmentVariable(ProcessorCure.Setting) is null or "" or "auto" or "plain", TorchRuntime.ProcessorNotice is null);
        if (OneDnnCaches.Find() is { } caches && !TorchRuntime.IsSlowed)
            Assert.True(caches.Read().AreSound);
    }

    [Fact]
    public void An_unknown_setting_is_refused_by_name()
    {
        string message = Assert.Throws<TorchRuntimeException>(() => ProcessorCure.Apply("fast", 0, Believed(), () => null)).Message;
        Assert.Contains("RESTOK_KERNELS is 'fast'; it can be auto, safe or plain", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linux-x64", Architecture.X64, null)]
    [InlineData("win-x64", Architecture.X64, null)]
    [InlineData("osx-arm64", Architecture.Arm64, null)]
    [InlineData("debian.12-x64", Architecture.X64, null)]
    [InlineData("linux-arm64", Architecture.Arm64, "no libtorch for linux-arm64")]
    [InlineData("win-x86", Architecture.X86, "no libtorch for win-x86")]
    [InlineData("osx-x64", Architecture.X64, "no libtorch for osx-x64")]
    [InlineData("linux-musl-x64", Architecture.X64, "musl")]
    public void Systems_without_a_libtorch_are_refused_by_name(string identifier, Architecture architecture, string? reason)
    {
        string? refusal = LoadingAdvice.Unsupported(identifier, architecture);
        if (reason is null)
            Assert.Null(refusal);
        else
            Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    private static Cpuid Reader(Dictionary<(uint, uint), (uint, uint, uint, uint)> leaves) => (leaf, subleaf) => leaves.GetValueOrDefault((leaf, subleaf));
}
