namespace ResTok.Models.Layers.Kernels;

/// <summary>The transforms of a size of <see cref="WinogradConvolution"/>, of a register of channels at a time.</summary>
internal unsafe interface IWinograd
{
    /// <summary>Pixels of a side of a tile of the result.</summary>
    static abstract int Side { get; }

    /// <summary>Products of a tile: its planes, row by row.</summary>
    static abstract int Planes { get; }

    /// <summary>Bᵀ·d·B.</summary>
    /// <param name="from">The tile's first pixel with its border, in the frame.</param>
    /// <param name="ofRow">Floats from a row of the frame to the next.</param>
    /// <param name="ofPixel">Floats from a pixel to the next.</param>
    /// <param name="to">The tile in the first plane.</param>
    /// <param name="ofPlane">Floats from a plane to the next.</param>
    /// <param name="channel">The register's first channel.</param>
    /// <param name="room">A register for each plane.</param>
    static abstract void Transform<TTiles, TLanes>(float* from, nint ofRow, nint ofPixel, float* to, nint ofPlane, int channel, float* room)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>;

    /// <summary>Aᵀ·m·A: from the planes to the pixels of a tile, row by row.</summary>
    /// <param name="sums">In the first plane.</param>
    /// <param name="ofPlane">Floats from a plane to the next.</param>
    /// <param name="pixels">At the first pixel.</param>
    /// <param name="ofPixel">Floats from a pixel to the next.</param>
    /// <param name="room">A register for each plane.</param>
    static abstract void TransformBack<TLanes>(float* sums, nint ofPlane, float* pixels, nint ofPixel, float* room)
        where TLanes : struct, ILanes<TLanes>;
}
