using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// softmax(q·kᵀ/√d + mask)·v head by head, a tile of queries at a time: their scores of all keys stay in the first-level cache, and no
/// matrix of scores is ever in memory.
/// </summary>
internal static unsafe class PackedAttention
{
    /// <param name="query">[B, heads, n, head].</param>
    /// <param name="key">[B, heads, L, head].</param>
    /// <param name="value">[B, heads, L, head].</param>
    /// <param name="mask">Additive, broadcast to [1, 1, n, L], or null.</param>
    /// <param name="visible">How many of the leading keys each of the n queries sees; null for all.</param>
    /// <param name="format">Of what is multiplied: float32, or bfloat16 where networks compute it here.</param>
    /// <returns>[B, heads, n, head], in memory [B, n, heads, head].</returns>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? mask, int[]? visible = null, ScalarType format = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        (query, key, value) = (Rows(query), Rows(key), Rows(value));
        int batch = (int)query.shape[0], heads = (int)query.shape[1], queries = (int)query.shape[2], keys = (int)key.shape[2], head = (int)query.shape[3];
        Tensor y = OwnKernels.Empty(batch, queries, heads, head);
        var shape = new Shape(queries, keys, head, (nint)query.stride(2), (nint)key.stride(2), (nint)value.stride(2), (nint)heads * head);
        float* q = OwnKernels.Pointer(query), k = OwnKernels.Pointer(key), v = OwnKernels.Pointer(value), to = OwnKernels.Pointer(y);
        float* added = OwnKernels.Pointer(OwnKernels.Floats(mask?.expand(1, 1, queries, keys)));
        long[] ofQuery = query.stride(), ofKey = key.stride(), ofValue = value.stride();
        bool isBfloat = format == ScalarType.BFloat16 && BfloatProduct.IsKnown;
        int blocks = isBfloat ? Blocks<BfloatTiles>(queries) : Blocks<Tiles>(queries), shares = Math.Clamp(2 * CpuThreads.Count / (batch * heads), 1, blocks);
        CpuThreads.Run(batch * heads * shares, part =>
        {
            (int rest, int share) = Math.DivRem(part, shares);
            (int b, int h) = Math.DivRem(rest, heads);
            var ofHead = new Head(q + b * ofQuery[0] + h * ofQuery[1], k + b * ofKey[0] + h * ofKey[1], v + b * ofValue[0] + h * ofValue[1], to + ((long)b * queries * heads + h) * head, added, visible);
            if (isBfloat)
                Attend<BfloatTiles>(shape, ofHead, blocks * share / shares, blocks * (share + 1) / shares);
            else
                Attend<Tiles>(shape, ofHead, blocks * share / shares, blocks * (share + 1) / shares);
        });
        return y.permute(0, 2, 1, 3).MoveToOuterDisposeScope();
    }

    private static Tensor Rows(Tensor x) => x.stride(3) == 1 ? x : x.contiguous();

    private static int Blocks<TTiles>(int queries)
        where TTiles : struct, ITiles => (queries + TTiles.Rows - 1) / TTiles.Rows;

    private static void Attend<TTiles>(Shape shape, Head given, int firstBlock, int endBlock)
        where TTiles : struct, ITiles
    {
        int head = shape.Head, words = TTiles.Words(head), width = TTiles.WidthFor(shape.Keys), columns = TTiles.WidthFor(head), allPanels = (shape.Keys + width - 1) / width, padded = allPanels * width;
        long keySize = (long)padded * words, valueSize = (long)TTiles.Words(padded) * ((head + columns - 1) / columns * columns), scoreSize = (long)padded * TTiles.Rows;
        int stride = words + OwnKernels.Line;
        using NativeFloats.Loan memory = NativeFloats.Borrow(keySize + valueSize + scoreSize + TTiles.Rows * stride + TTiles.Room);
        float* keys = memory.Start, values = keys + keySize, scores = values + valueSize, packed = scores + scoreSize, sums = packed + TTiles.Rows * stride;
        PackKeys<TTiles>(shape, given.Key, keys, width, padded);
        for (int column = 0; column < head; column += columns)
            TTiles.PackPanel(given.Value + column, shape.Keys, shape.ValueStride, Math.Min(columns, head - column), values + (long)TTiles.Words(padded) * column, padded, columns);
        var finish = new Finish { Output = given.To, RowStride = shape.ResultStride };
        for (int block = firstBlock; block < endBlock; block++)
        {
            int first = block * TTiles.Rows, rows = Math.Min(TTiles.Rows, shape.Queries - first), tile = TTiles.RowsFor(rows);
            for (int row = 0; row < rows; row++)
                TTiles.PackRow(given.Query + (first + row) * shape.QueryStride, head, packed + row * stride);
            int seen = given.Visible is null ? shape.Keys : Greatest(given.Visible, first, rows);
            int panels = (seen + width - 1) / width;
            for (int panel = 0; panel < panels; panel++)
                TTiles.Run(tile, packed, stride, 0, 1, words, keys + (long)panel * words * width, width, scores + panel * tile * width);
            for (int row = 0; row < rows; row++)
            {
                int count = given.Visible is null ? shape.Keys : given.Visible[first + row];
                Softmax<TTiles>(scores + row * width, tile * width, panels, width, count, given.Mask == null ? null : given.Mask + (long)(first + row) * shape.Keys);
            }
            for (int column = 0; column < head; column += columns)
            {
                TTiles.Run(tile, scores, width, tile * width, panels, TTiles.Words(width), values + (long)TTiles.Words(padded) * column, columns, sums);
                finish.Store(sums, columns, rows, Math.Min(columns, head - column), first * shape.ResultStride + column, column);
            }
        }
    }

    private static int Greatest(int[] visible, int first, int rows)
    {
        int greatest = 0;
        for (int row = first; row < first + rows; row++)
            greatest = Math.Max(greatest, visible[row]);
        return greatest;
    }

    private static void Softmax<TTiles>(float* scores, int stride, int panels, int width, int count, float* mask)
        where TTiles : struct, ITiles
    {
        if (Vector512.IsHardwareAccelerated)
            Softmax<TTiles, Lanes512>(scores, stride, panels, width, count, mask);
        else if (Vector256.IsHardwareAccelerated)
            Softmax<TTiles, Lanes256>(scores, stride, panels, width, count, mask);
        else
            Softmax<TTiles, Lanes128>(scores, stride, panels, width, count, mask);
    }

    /// <summary>Of one query's scores, a register's multiple of them in each panel; the result is packed where they were.</summary>
    /// <param name="scores">The first panel's.</param>
    /// <param name="stride">From a panel to the next.</param>
    /// <param name="panels">Panels.</param>
    /// <param name="width">Of a panel.</param>
    /// <param name="count">Keys that are seen; the others get 0.</param>
    /// <param name="mask">Is added, or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax<TTiles, TLanes>(float* scores, int stride, int panels, int width, int count, float* mask)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        const float Least = -87; // of it e^x is a normal number, of less 0
        for (int key = 0; mask != null && key < count; key++)
            scores[key / width * stride + key % width] += mask[key];
        for (int key = count; key < panels * width; key++)
            scores[key / width * stride + key % width] = float.NegativeInfinity;
        float* lanes = stackalloc float[TLanes.Count];
        TLanes most = TLanes.Broadcast(float.NegativeInfinity), sum = default;
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += TLanes.Count)
                most = TLanes.Max(most, TLanes.Load(scores + panel * stride + i));
        }
        TLanes.Store(most, lanes);
        for (int i = 1; i < TLanes.Count; i++)
            lanes[0] = MathF.Max(lanes[0], lanes[i]);
        most = TLanes.Broadcast(lanes[0]);
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += TLanes.Count)
            {
                float* place = scores + panel * stride + i;
                TLanes below = TLanes.Load(place) - most, power = TLanes.WhereNegative(below - TLanes.Broadcast(Least), default, VectorMath.Exp(below));
                sum += power;
                TLanes.Store(power, place);
            }
        }
        TLanes.Store(sum, lanes);
        for (int i = 1; i < TLanes.Count; i++)
            lanes[0] += lanes[i];
        TLanes scale = TLanes.Broadcast(1 / lanes[0]);
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += TLanes.Count) // what is packed is no longer than what is read
                TTiles.Put(TLanes.Load(scores + panel * stride + i) * scale, scores + panel * stride, i);
        }
    }

    /// <summary>To [panels, words, width], divided by √head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackKeys<TTiles>(Shape shape, float* from, float* to, int width, int padded)
        where TTiles : struct, ITiles
    {
        int head = shape.Head, words = TTiles.Words(head), stride = words + 1; // a line's worth of keys lies in different lines of the cache
        float scale = 1 / MathF.Sqrt(head);
        float* scaled = stackalloc float[head], rows = stackalloc float[width * stride];
        for (int first = 0; first < padded; first += width, to += words * width)
        {
            for (int key = 0; key < width; key++)
            {
                float* given = from + (first + key) * shape.KeyStride;
                if (first + key >= shape.Keys)
                    new Span<float>(scaled, head).Clear();
                else
                    TensorPrimitives.Multiply(new ReadOnlySpan<float>(given, head), scale, new Span<float>(scaled, head));
                TTiles.PackRow(scaled, head, rows + key * stride);
            }
            for (int word = 0; word < words; word++)
            {
                float* packed = to + word * width;
                for (int key = 0; key < width; key++)
                    packed[key] = rows[key * stride + word];
            }
        }
    }

    private readonly record struct Shape(int Queries, int Keys, int Head, nint QueryStride, nint KeyStride, nint ValueStride, nint ResultStride);

    /// <summary>Where a head's numbers are.</summary>
    private readonly struct Head(float* query, float* key, float* value, float* to, float* mask, int[]? visible)
    {
        public readonly float* Query = query, Key = key, Value = value, To = to, Mask = mask;
        public readonly int[]? Visible = visible;
    }
}
