using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary>As <see cref="Lanes512"/>, of doubles.</summary>
internal readonly unsafe struct DoubleLanes512(Vector512<double> value) : ILanes<DoubleLanes512, double>
{
    private readonly Vector512<double> value = value;

    public static int Count => 8;

    public static int Rows => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes512 Load(double* from) => new(Vector512.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes512 Broadcast(double value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes512 MultiplyAdd(DoubleLanes512 left, DoubleLanes512 right, DoubleLanes512 sum) => new(Vector512.MultiplyAddEstimate(left.value, right.value, sum.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(DoubleLanes512 value, double* to) => value.value.Store(to);
}

/// <summary>As <see cref="Lanes256"/>, of doubles.</summary>
internal readonly unsafe struct DoubleLanes256(Vector256<double> value) : ILanes<DoubleLanes256, double>
{
    private readonly Vector256<double> value = value;

    public static int Count => 4;

    public static int Rows => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes256 Load(double* from) => new(Vector256.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes256 Broadcast(double value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes256 MultiplyAdd(DoubleLanes256 left, DoubleLanes256 right, DoubleLanes256 sum) => new(Vector256.MultiplyAddEstimate(left.value, right.value, sum.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(DoubleLanes256 value, double* to) => value.value.Store(to);
}

/// <summary>As <see cref="Lanes128"/>, of doubles.</summary>
internal readonly unsafe struct DoubleLanes128(Vector128<double> value) : ILanes<DoubleLanes128, double>
{
    private readonly Vector128<double> value = value;

    public static int Count => 2;

    public static int Rows => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes128 Load(double* from) => new(Vector128.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes128 Broadcast(double value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleLanes128 MultiplyAdd(DoubleLanes128 left, DoubleLanes128 right, DoubleLanes128 sum) => new(Vector128.MultiplyAddEstimate(left.value, right.value, sum.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(DoubleLanes128 value, double* to) => value.value.Store(to);
}
