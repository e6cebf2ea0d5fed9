namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// The format that products are computed in, and their innermost kernel: a few rows of inputs times a panel of packed weights. Inputs and
/// weights are counted in words of four bytes: a word is a float32, or two bfloat16 of neighbouring inputs. Sums are float32.
/// </summary>
internal unsafe interface ITiles
{
    /// <summary>Rows of the largest tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Room for the sums of any tile, in floats.</summary>
    static abstract int Room { get; }

    /// <summary>Outputs of a panel, where so many are wanted in all.</summary>
    static abstract int WidthFor(int outputs);

    /// <summary>How many rows the kernel for so many computes: some of a tile, and at the least these.</summary>
    static abstract int RowsFor(int rows);

    /// <summary>Words of so many inputs; what is left over in the last is 0.</summary>
    static abstract int Words(int inputs);

    /// <summary>Sums over the runs of inputs, each of which lies together; a convolution has one for each row of its window.</summary>
    /// <param name="rows">Of <see cref="RowsFor"/>.</param>
    /// <param name="inputs">The first row's first word.</param>
    /// <param name="rowStride">Words from a row to the next.</param>
    /// <param name="runStride">Words from a run to the next.</param>
    /// <param name="runs">Runs of inputs.</param>
    /// <param name="count">Words of a run.</param>
    /// <param name="weights">The panel, [runs · count, width].</param>
    /// <param name="width">Outputs of the panel.</param>
    /// <param name="sums">Gets the tile, [rows, width].</param>
    static abstract void Run(int rows, float* inputs, nint rowStride, nint runStride, int runs, int count, float* weights, int width, float* sums);

    /// <summary>Packs a row of float32.</summary>
    static abstract void PackRow(float* from, int inputs, float* to);

    /// <summary>Packs weights that lie input by input.</summary>
    /// <param name="from">[inputs, …], float32.</param>
    /// <param name="inputs">How many.</param>
    /// <param name="stride">Floats from an input to the next.</param>
    /// <param name="outputs">How many, up to <paramref name="width"/>.</param>
    /// <param name="to">Gets the panel, [<see cref="Words"/>(padded), width], with zeros where there is nothing.</param>
    /// <param name="padded">Inputs of the panel, at least those.</param>
    /// <param name="width">Its outputs.</param>
    static abstract void PackPanel(float* from, int inputs, nint stride, int outputs, float* to, int padded, int width);

    /// <summary>Stores a register of neighbouring inputs.</summary>
    /// <param name="values">They.</param>
    /// <param name="to">The row's first word.</param>
    /// <param name="input">The first input.</param>
    static abstract void Put<TLanes>(TLanes values, float* to, int input)
        where TLanes : struct, ILanes<TLanes>;

    /// <summary>Stores an input.</summary>
    static abstract void Put(float value, float* to, int input);
}
