using System.Runtime.CompilerServices;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>What of a weight is packed.</summary>
internal enum WeightForm
{
    /// <summary>The weight itself.</summary>
    Plain,

    /// <summary>Of a 3×3 convolution, what <see cref="WinogradConvolution"/> multiplies by.</summary>
    SmallWinograd,

    /// <inheritdoc cref="SmallWinograd"/>
    LargeWinograd,

    /// <summary>
    /// Of a 3×3 convolution of an image that was doubled in size by repeating its pixels. Of its nine taps only four read different pixels,
    /// so that it becomes four convolutions of 2×2, one for each place in a doubled pixel: less than half the products.
    /// </summary>
    Doubled,
}

/// <summary>
/// A weight matrix or convolution, in the order in which <see cref="ITiles"/> reads it: panels of a few outputs, in
/// each for every word of inputs the weights of all its outputs. Packed at first use, once for a parameter, and again after the parameter was
/// written to (not through its raw memory: that nobody notices). The parameter's own memory is let go, where a file is behind it.
/// </summary>
internal sealed unsafe class PackedWeights
{
    private static readonly ConditionalWeakTable<Tensor, PackedWeights> OfParameters = [];

    private readonly Lock gate = new();
    private readonly int taps, words;
    private NativeFloats? panels;
    private long version = -1;
    private nint source;

    private PackedWeights(Tensor weight, WeightForm form)
    {
        Outputs = (int)weight.shape[0];
        Inputs = (int)weight.shape[1];
        Form = form;
        IsBfloat = weight.dtype == ScalarType.BFloat16;
        Width = IsBfloat ? BfloatTiles.WidthFor(Outputs) : Tiles.WidthFor(Outputs);
        words = IsBfloat ? BfloatTiles.Words(Inputs) : Inputs;
        taps = form switch
        {
            WeightForm.Doubled => 4,
            WeightForm.Plain => (int)(weight.numel() / Outputs / Inputs),
            _ => WindowWeights.Side(form) * WindowWeights.Side(form),
        };
    }

    public int Outputs { get; }

    /// <summary>Of one tap.</summary>
    public int Inputs { get; }

    public WeightForm Form { get; }

    /// <summary>Whether they are bfloat16, for <see cref="BfloatTiles"/>, and not float32.</summary>
    public bool IsBfloat { get; }

    /// <summary>Outputs of a panel.</summary>
    public int Width { get; }

    /// <summary>Words of a panel.</summary>
    public long PanelSize => (long)taps * words * Width;

    /// <summary>Panels of one of the four, or of all.</summary>
    public int PanelCount => (Outputs + Width - 1) / Width;

    /// <param name="weight">[outputs, inputs], or [outputs, inputs, 1 or 3, 1 or 3]; the same object for the same parameter.</param>
    /// <param name="form">How; another than before packs anew.</param>
    public static PackedWeights Of(Tensor weight, WeightForm form = WeightForm.Plain)
    {
        PackedWeights packed = OfParameters.GetValue(weight, key => new(key, form));
        if (packed.Form == form)
            return packed;
        packed = new(weight, form);
        OfParameters.AddOrUpdate(weight, packed);
        return packed;
    }

    /// <summary>Frees what was packed of a parameter that nobody uses any more.</summary>
    public static void Free(Tensor weight)
    {
        if (!OfParameters.TryGetValue(weight, out PackedWeights? packed))
            return;
        OfParameters.Remove(weight);
        packed.panels?.Dispose();
    }

    /// <summary>The panels of the parameter as it is now.</summary>
    public float* Panels(Tensor weight)
    {
        long now = TensorMemory.Version(weight);
        nint place = (nint)TensorMemory.Floats(weight);
        if (Volatile.Read(ref version) == now && source == place)
            return panels!.Start;
        lock (gate)
        {
            if (version == now && source == place)
                return panels!.Start;
            Pack(weight);
            source = place;
            Volatile.Write(ref version, now);
            return panels!.Start;
        }
    }

    private void Pack(Tensor weight)
    {
        using var scope = NewDisposeScope();
        panels ??= new(PanelSize * PanelCount * (Form == WeightForm.Doubled ? 4 : 1));
        Tensor source = weight.to(IsBfloat ? ScalarType.BFloat16 : ScalarType.Float32).contiguous();
        float* from = TensorMemory.Floats(source), to = panels.Start;
        CpuThreads.Run(PanelCount, panel =>
        {
            float* place = to + panel * PanelSize;
            int first = panel * Width;
            if (Form != WeightForm.Plain)
                PackWindows(from, place, first);
            else if (IsBfloat && (taps > 1 || Inputs % 2 != 0))
                PackPanel((ushort*)from, (ushort*)place, first, Inputs, 2);
            else
                PackPanel(from, place, first, words, 1); // two bfloat16 go as one word
        });
        TensorMemory.LetGo(from, source.element_size() * source.numel());
    }

    private void PackWindows(float* from, float* to, int first)
    {
        int side = WindowWeights.Side(Form);
        long* places = stackalloc long[side * side];
        for (int number = 0; number < side * side; number++)
        {
            (int row, int column) = Math.DivRem(number, side);
            (int phase, int tap) = Form == WeightForm.Doubled ? (row / 2 * 2 + column / 2, row % 2 * 2 + column % 2) : (0, number);
            places[number] = phase * PanelCount * PanelSize + (long)tap * words * Width;
        }
        int present = Math.Min(Width, Outputs - first);
        if (IsBfloat)
            WindowWeights.PackPanel<BfloatTiles, ushort>((ushort*)from, Form, first, Inputs, present, Width, to, places);
        else
            WindowWeights.PackPanel<Tiles, float>(from, Form, first, Inputs, present, Width, to, places);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel<T>(T* from, T* to, int first, int inputs, int inWord)
        where T : unmanaged
    {
        const int Block = 16; // a cache line of each output at a time: rows are often a page apart
        int width = Width * inWord, ofTap = words * width, ofOutput = inputs * taps, present = Math.Min(Width, Outputs - first);
        if (present < Width || 2 * words > Inputs && IsBfloat)
            new Span<T>(to, taps * ofTap).Clear();
        for (int start = 0; start < ofOutput; start += Block)
        {
            int end = Math.Min(start + Block, ofOutput);
            for (int output = 0; output < present; output++)
            {
                T* row = from + (long)(first + output) * ofOutput, place = to + output * inWord;
                if (inWord == 1 && taps == 1)
                {
                    for (int i = start; i < end; i++)
                        place[i * (nint)width] = row[i];
                    continue;
                }
                for (int i = start; i < end; i++)
                {
                    (int input, int tap) = taps == 1 ? (i, 0) : Math.DivRem(i, taps);
                    place[(long)tap * ofTap + (inWord == 1 ? input * width : input / 2 * width + input % 2)] = row[i];
                }
            }
        }
    }
}
