using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A 3×3 or 1×1 convolution of images with channels last. The image is first copied into a frame of zeros, normalised and activated on
/// the way; then neighbours in a row of pixels are the rows of a tile, and the rows of the window its runs of inputs.
/// </summary>
internal static unsafe class PackedConvolution
{
    private const int StripBytes = 640 << 10; // of framed rows that pass the panels together: they stay in the second-level cache

    /// <summary>What is done to the image first: group normalisation and SiLU.</summary>
    public readonly record struct Preparation(Tensor Weight, Tensor Bias, int Groups, double Epsilon);

    /// <param name="x">[B, inputs, H, W].</param>
    /// <param name="weight">[outputs, inputs, 1 or 3, 1 or 3].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="preparation">Of the image, or null.</param>
    /// <param name="addend">Is added to the result, and then holds it: [B, outputs, H, W], or null.</param>
    /// <param name="doubled">Whether the image is doubled in size first, each pixel repeated.</param>
    /// <returns>[B, outputs, H, W], or of twice that size, with channels last.</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, Preparation? preparation = null, Tensor? addend = null, bool doubled = false)
    {
        using var scope = NewDisposeScope();
        Tensor images = x.permute(0, 2, 3, 1).contiguous(); // [B, H, W, inputs]
        int height = (int)images.shape[1], width = (int)images.shape[2], times = doubled ? 2 : 1, kernel = (int)weight.shape[2];
        PackedWeights packed = PackedWeights.Of(weight, doubled ? WeightForm.Doubled : kernel == 3 ? WinogradConvolution.FormFor(height, width, weight) : WeightForm.Plain);
        Tensor? added = addend?.permute(0, 2, 3, 1);
        Tensor y = added is not null && added.is_contiguous() ? added : OwnKernels.Empty(images.shape[0], times * height, times * width, packed.Outputs);
        Tensor? source = added?.contiguous();
        if (kernel == 1) // pixels of one long row
            (height, width) = (1, height * width);
        var shape = new Shape(height, width, packed.Inputs, doubled ? 2 : kernel, kernel / 2, doubled);
        float* from = OwnKernels.Pointer(images), to = OwnKernels.Pointer(y);
        Norm? norm = preparation is { } given ? new(OwnKernels.Pointer(OwnKernels.Floats(given.Weight)), OwnKernels.Pointer(OwnKernels.Floats(given.Bias)), given.Groups, given.Epsilon) : null;
        var finish = new Finish { RowStride = times * packed.Outputs, Bias = OwnKernels.Pointer(OwnKernels.Floats(bias)) };
        float* weights = packed.Panels(weight);
        long ofImage = (long)height * width * packed.Inputs, ofResult = (long)times * times * height * width * packed.Outputs;
        for (int image = 0; image < images.shape[0]; image++)
        {
            finish.Output = to + image * ofResult;
            finish.Addend = source is null ? null : OwnKernels.Pointer(source) + image * ofResult;
            if (packed.IsBfloat)
                ApplyToImage<BfloatTiles>(from + image * ofImage, shape, norm, weights, packed, finish);
            else
                ApplyToImage<Tiles>(from + image * ofImage, shape, norm, weights, packed, finish);
        }
        return y.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private static void ApplyToImage<TTiles>(float* from, Shape shape, Norm? norm, float* weights, PackedWeights packed, Finish finish)
        where TTiles : struct, ITiles
    {
        float* factors = stackalloc float[2 * shape.Inputs];
        if (norm is { } given)
            GroupStatistics.Compute(from, shape.Height * shape.Width, shape.Inputs, given.Groups, given.Weight, given.Bias, given.Epsilon, factors);
        factors = norm is null ? null : factors;
        if (packed.Form is WeightForm.SmallWinograd or WeightForm.LargeWinograd)
        {
            using NativeFloats.Loan frame = NativeFloats.Borrow(shape.FrameSize<Tiles>()); // float32, since transforming it rounds it
            Fill<Tiles>(from, shape, factors, frame.Start);
            if (packed.Form == WeightForm.SmallWinograd)
                WinogradConvolution.Convolve<TTiles, SmallWinograd>(frame.Start, shape.Height, shape.Width, weights, packed, finish);
            else
                WinogradConvolution.Convolve<TTiles, LargeWinograd>(frame.Start, shape.Height, shape.Width, weights, packed, finish);
        }
        else
        {
            using NativeFloats.Loan frame = NativeFloats.Borrow(shape.FrameSize<TTiles>());
            Fill<TTiles>(from, shape, factors, frame.Start);
            Convolve<TTiles>(frame.Start, shape, weights, packed, finish);
        }
    }

    private static void Convolve<TTiles>(float* frame, Shape shape, float* weights, PackedWeights packed, Finish finish)
        where TTiles : struct, ITiles
    {
        int panels = packed.PanelCount, phases = shape.IsDoubled ? 4 : 1, outputs = packed.Outputs, times = shape.IsDoubled ? 2 : 1, words = TTiles.Words(shape.Inputs);
        nint rowWords = (nint)shape.FrameWidth * words, ofRow = (nint)times * shape.Width * outputs;
        // A 1×1 convolution's only row is cut, others are cut between rows.
        bool isRow = shape.Height == 1;
        int units = isRow ? (shape.Width + TTiles.Rows - 1) / TTiles.Rows : shape.Height;
        long unitBytes = 4L * (isRow ? TTiles.Rows * words : rowWords);
        int strip = (int)Math.Clamp(StripBytes / unitBytes, 1, Math.Max(1, units * panels * phases / (4 * CpuThreads.Count))), strips = (units + strip - 1) / strip;
        CpuThreads.Run(strips * phases * panels, part =>
        {
            (int rest, int panel) = Math.DivRem(part, panels);
            (int stripIndex, int phase) = Math.DivRem(rest, phases);
            int first = stripIndex * strip, last = Math.Min(first + strip, units), width = Math.Min(packed.Width, outputs - panel * packed.Width);
            int startColumn = isRow ? first * TTiles.Rows : 0, endColumn = isRow ? Math.Min(last * TTiles.Rows, shape.Width) : shape.Width;
            float* ofPanel = weights + (phase * panels + panel) * packed.PanelSize;
            float* sums = stackalloc float[TTiles.Room + 16];
            sums = (float*)(((nint)sums + 63) & ~63);
            for (int row = isRow ? 0 : first; row < (isRow ? 1 : last); row++)
            {
                for (int column = startColumn; column < endColumn;)
                {
                    int rows = Math.Min(TTiles.Rows, endColumn - column);
                    float* inputs = frame + (row + phase / 2) * rowWords + (nint)(column + phase % 2) * words;
                    nint offset = (times * row + phase / 2) * ofRow + (nint)(times * column + phase % 2) * outputs + panel * packed.Width;
                    finish.Prefetch(rows, width, offset);
                    TTiles.Run(TTiles.RowsFor(rows), inputs, words, rowWords, shape.Taps, shape.Taps * words, ofPanel, packed.Width, sums);
                    finish.Store(sums, packed.Width, rows, width, offset, panel * packed.Width);
                    column += rows;
                }
            }
        });
    }

    /// <summary>Copies an image into its frame, normalised and activated where there are factors.</summary>
    private static void Fill<TTiles>(float* image, Shape shape, float* factors, float* frame)
        where TTiles : struct, ITiles
    {
        const int Piece = 4096; // floats, where the image is one long row
        int words = TTiles.Words(shape.Inputs), border = shape.Border * words, rowWords = shape.FrameWidth * words, inner = shape.Width * words;
        if (shape.Border == 0)
        {
            int pixels = Math.Max(1, Piece / shape.Inputs);
            CpuThreads.Run((shape.Width + pixels - 1) / pixels, part =>
                Prepare<TTiles>(image + (long)part * pixels * shape.Inputs, Math.Min(pixels, shape.Width - part * pixels), shape.Inputs, factors, frame + (long)part * pixels * words));
            return;
        }
        CpuThreads.Run(shape.Height + 2, row =>
        {
            float* to = frame + (long)row * rowWords;
            if (row == 0 || row == shape.Height + 1)
            {
                new Span<float>(to, rowWords).Clear();
                return;
            }
            new Span<float>(to, border).Clear();
            Prepare<TTiles>(image + (long)(row - 1) * shape.Width * shape.Inputs, shape.Width, shape.Inputs, factors, to + border);
            new Span<float>(to + border + inner, border).Clear();
        });
    }

    private static void Prepare<TTiles>(float* from, int pixels, int channels, float* factors, float* to)
        where TTiles : struct, ITiles
    {
        if (Vector512.IsHardwareAccelerated)
            Prepare<TTiles, Lanes512>(from, pixels, channels, factors, to);
        else if (Vector256.IsHardwareAccelerated)
            Prepare<TTiles, Lanes256>(from, pixels, channels, factors, to);
        else
            Prepare<TTiles, Lanes128>(from, pixels, channels, factors, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Prepare<TTiles, TLanes>(float* from, int pixels, int channels, float* factors, float* to)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        int whole = channels - channels % TLanes.Count, words = TTiles.Words(channels);
        for (int pixel = 0; pixel < pixels; pixel++, from += channels, to += words)
        {
            to[words - 1] = 0;
            for (int channel = 0; channel < whole; channel += TLanes.Count)
            {
                TLanes x = TLanes.Load(from + channel);
                TTiles.Put(factors == null ? x : VectorMath.Silu(TLanes.MultiplyAdd(x, TLanes.Load(factors + channel), TLanes.Load(factors + channels + channel))), to, channel);
            }
            for (int channel = whole; channel < channels; channel++)
            {
                float x = factors == null ? from[channel] : from[channel] * factors[channel] + factors[channels + channel];
                TTiles.Put(factors == null ? x : x / (1 + MathF.Exp(-x)), to, channel);
            }
        }
    }

    private readonly record struct Norm(nint WeightAt, nint BiasAt, int Groups, double Epsilon)
    {
        public Norm(float* weight, float* bias, int groups, double epsilon)
            : this((nint)weight, (nint)bias, groups, epsilon)
        {
        }

        public float* Weight => (float*)WeightAt;

        public float* Bias => (float*)BiasAt;
    }

    /// <param name="Height">Of the image.</param>
    /// <param name="Width">Of the image.</param>
    /// <param name="Inputs">Channels.</param>
    /// <param name="Taps">Of a side of the window.</param>
    /// <param name="Border">Pixels of the frame.</param>
    /// <param name="IsDoubled">Whether the result is of twice the size.</param>
    private readonly record struct Shape(int Height, int Width, int Inputs, int Taps, int Border, bool IsDoubled)
    {
        public int FrameWidth => Width + 2 * Border;

        /// <summary>With room for what the last tile reads and does not need.</summary>
        public long FrameSize<TTiles>()
            where TTiles : struct, ITiles => ((long)FrameWidth * (Height + 2 * Border) + TTiles.Rows) * TTiles.Words(Inputs);
    }
}
