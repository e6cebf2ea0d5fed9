using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary><see cref="Tile{TLanes, T}"/> of floats for the widest registers of this processor. What is chosen is known when the code is compiled.</summary>
internal static unsafe class Tiles
{
    /// <summary>Room for the sums of any tile, in floats.</summary>
    public const int Room = 12 * 32;

    /// <summary>Outputs of a panel.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? Tile<Lanes512, float>.Width : Vector256.IsHardwareAccelerated ? Tile<Lanes256, float>.Width : Tile<Lanes128, float>.Width;

    /// <summary>Rows of the largest tile.</summary>
    public static int Rows => Vector512.IsHardwareAccelerated ? Lanes512.Rows : Vector256.IsHardwareAccelerated ? Lanes256.Rows : Lanes128.Rows;

    /// <inheritdoc cref="Tile{TLanes, T}.RowsFor"/>
    public static int RowsFor(int rows) =>
        Vector512.IsHardwareAccelerated ? Tile<Lanes512, float>.RowsFor(rows) : Vector256.IsHardwareAccelerated ? Tile<Lanes256, float>.RowsFor(rows) : Tile<Lanes128, float>.RowsFor(rows);

    /// <summary>Panels of so many outputs.</summary>
    public static int Panels(int outputs) => (outputs + Width - 1) / Width;

    /// <inheritdoc cref="Tile{TLanes, T}.Run"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(int rows, float* inputs, nint rowStride, nint inputStride, nint runStride, int runs, int count, float* weights, float* sums)
    {
        if (Vector512.IsHardwareAccelerated)
            Tile<Lanes512, float>.Run(rows, inputs, rowStride, inputStride, runStride, runs, count, weights, sums);
        else if (Vector256.IsHardwareAccelerated)
            Tile<Lanes256, float>.Run(rows, inputs, rowStride, inputStride, runStride, runs, count, weights, sums);
        else
            Tile<Lanes128, float>.Run(rows, inputs, rowStride, inputStride, runStride, runs, count, weights, sums);
    }
}
