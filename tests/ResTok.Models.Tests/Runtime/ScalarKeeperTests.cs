using System.Reflection;
using System.Runtime.CompilerServices;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.Models.Tests.Runtime;

/// <summary>What TorchSharp gave up is there while a call of libtorch may still read it.</summary>
public sealed class ScalarKeeperTests
{
    private const double Value = 2.5;

    public ScalarKeeperTests() => TorchRuntime.EnsureLoaded();

    [Fact]
    public void A_scalar_that_was_collected_can_still_be_read()
    {
        Assert.True(TorchRuntime.AreScalarsKept);
        nint[] addresses = [.. Enumerable.Range(0, 100).Select(_ => AddressOfOneThatNobodyHolds())];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(ScalarKeeper.Count >= addresses.Length);
        Assert.All(addresses, address => Assert.Equal(Value, Read(address)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint AddressOfOneThatNobodyHolds() =>
        (nint)typeof(Scalar).GetProperty("Handle", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue((Scalar)Value)!;

    private static double Read(nint scalar) =>
        (double)typeof(Scalar).Assembly.GetType("TorchSharp.PInvoke.NativeMethods")!.GetMethod("THSTorch_scalar_to_float64", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, [scalar])!;
}
