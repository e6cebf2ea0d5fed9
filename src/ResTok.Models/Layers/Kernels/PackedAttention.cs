using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

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
    /// <returns>[B, heads, n, head], in memory [B, n, heads, head].</returns>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? mask, int[]? visible = null)
    {
        using var scope = NewDisposeScope();
        (query, key, value) = (Rows(query), Rows(key), Rows(value));
        int batch = (int)query.shape[0], heads = (int)query.shape[1], queries = (int)query.shape[2], keys = (int)key.shape[2], head = (int)query.shape[3];
        Tensor y = OwnKernels.Empty(batch, queries, heads, head);
        var shape = new Shape(queries, keys, head, (nint)query.stride(2), (nint)key.stride(2), (nint)value.stride(2), (nint)heads * head);
        float* q = OwnKernels.Pointer(query), k = OwnKernels.Pointer(key), v = OwnKernels.Pointer(value), to = OwnKernels.Pointer(y);
        float* added = OwnKernels.Pointer(OwnKernels.Floats(mask?.expand(1, 1, queries, keys)));
        long[] ofQuery = query.stride(), ofKey = key.stride(), ofValue = value.stride();
        int blocks = (queries + Tiles.Rows - 1) / Tiles.Rows, shares = Math.Clamp(2 * CpuThreads.Count / (batch * heads), 1, blocks);
        CpuThreads.Run(batch * heads * shares, part =>
        {
            (int rest, int share) = Math.DivRem(part, shares);
            (int b, int h) = Math.DivRem(rest, heads);
            using NativeFloats.Loan memory = NativeFloats.Borrow(shape.Room);
            Head(shape, q + b * ofQuery[0] + h * ofQuery[1], k + b * ofKey[0] + h * ofKey[1], v + b * ofValue[0] + h * ofValue[1],
                to + ((long)b * queries * heads + h) * head, added, visible, blocks * share / shares, blocks * (share + 1) / shares, memory.Start);
        });
        return y.permute(0, 2, 1, 3).MoveToOuterDisposeScope();
    }

    private static Tensor Rows(Tensor x) => x.stride(3) == 1 ? x : x.contiguous();

    private static void Head(Shape shape, float* query, float* key, float* value, float* to, float* mask, int[]? visible, int firstBlock, int endBlock, float* memory)
    {
        int width = Tiles.Width, head = shape.Head;
        float* keys = memory, values = keys + shape.KeySize, scores = values + shape.ValueSize, packed = scores + shape.ScoreSize, sums = packed + Tiles.Rows * head;
        PackKeys(shape, key, keys);
        PackValues(shape, value, values);
        var finish = new Finish { Output = to, RowStride = shape.ResultStride };
        for (int block = firstBlock; block < endBlock; block++)
        {
            int first = block * Tiles.Rows, rows = Math.Min(Tiles.Rows, shape.Queries - first), tile = Tiles.RowsFor(rows);
            Tiles.PackBlock(query + first * shape.QueryStride, rows, shape.QueryStride, head, packed);
            int seen = visible is null ? shape.Keys : Greatest(visible, first, rows);
            int panels = Tiles.Panels(seen);
            for (int panel = 0; panel < panels; panel++)
                Tiles.Run(tile, packed, 1, tile, 0, 1, head, keys + (long)panel * head * width, scores + panel * tile * width);
            for (int row = 0; row < rows; row++)
            {
                int count = visible is null ? shape.Keys : visible[first + row];
                Softmax(scores + row * width, tile * width, panels, count, mask == null ? null : mask + (long)(first + row) * shape.Keys);
            }
            for (int column = 0; column < head; column += width)
            {
                Tiles.Run(tile, scores, width, 1, tile * width, panels, width, values + (long)column * shape.PaddedKeys, sums);
                finish.Store(sums, width, rows, Math.Min(width, head - column), first * shape.ResultStride + column, column);
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

    /// <summary>Of one query's scores, a register's multiple of them in each panel.</summary>
    /// <param name="scores">The first panel's.</param>
    /// <param name="stride">From a panel to the next.</param>
    /// <param name="panels">Panels.</param>
    /// <param name="count">Keys that are seen; the others get 0.</param>
    /// <param name="mask">Is added, or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int stride, int panels, int count, float* mask)
    {
        int width = Tiles.Width;
        for (int key = 0; mask != null && key < count; key++)
            scores[key / width * stride + key % width] += mask[key];
        for (int key = count; key < panels * width; key++)
            scores[key / width * stride + key % width] = float.NegativeInfinity;
        Vector<float> most = new(float.NegativeInfinity), sum = default;
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += Vector<float>.Count)
                most = Vector.Max(most, Vector.Load(scores + panel * stride + i));
        }
        float greatest = most[0];
        for (int i = 1; i < Vector<float>.Count; i++)
            greatest = MathF.Max(greatest, most[i]);
        most = new(greatest);
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += Vector<float>.Count)
            {
                float* place = scores + panel * stride + i;
                Vector<float> score = Vector.Load(place), power = Vector.ConditionalSelect(Vector.Equals(score, new Vector<float>(float.NegativeInfinity)), default, VectorMath.Exp(score - most));
                sum += power;
                Vector.Store(power, place);
            }
        }
        var scale = new Vector<float>(1 / Vector.Sum(sum));
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < width; i += Vector<float>.Count)
                Vector.Store(Vector.Load(scores + panel * stride + i) * scale, scores + panel * stride + i);
        }
    }

    /// <summary>To [panels, head, width], divided by √head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackKeys(Shape shape, float* from, float* to)
    {
        int width = Tiles.Width, head = shape.Head;
        float scale = 1 / MathF.Sqrt(head);
        for (int key = 0; key < shape.PaddedKeys; key++)
        {
            float* packed = to + (long)(key / width) * head * width + key % width, row = from + key * shape.KeyStride;
            bool isThere = key < shape.Keys;
            for (int i = 0; i < head; i++, packed += width)
                *packed = isThere ? row[i] * scale : 0;
        }
    }

    /// <summary>To [columns of a panel, keys, width].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackValues(Shape shape, float* from, float* to)
    {
        int width = Tiles.Width;
        for (int column = 0; column < shape.Head; column += width)
        {
            int present = Math.Min(width, shape.Head - column);
            for (int key = 0; key < shape.PaddedKeys; key++, to += width)
            {
                int copied = key < shape.Keys ? present : 0;
                new ReadOnlySpan<float>(from + key * shape.ValueStride + column, copied).CopyTo(new Span<float>(to, width));
                new Span<float>(to + copied, width - copied).Clear();
            }
        }
    }

    private readonly record struct Shape(int Queries, int Keys, int Head, nint QueryStride, nint KeyStride, nint ValueStride, nint ResultStride)
    {
        public int PaddedKeys => Tiles.Panels(Keys) * Tiles.Width;

        public long KeySize => (long)PaddedKeys * Head;

        public long ValueSize => (long)PaddedKeys * Tiles.Panels(Head) * Tiles.Width;

        public long ScoreSize => (long)PaddedKeys * Tiles.Rows;

        public long Room => KeySize + ValueSize + ScoreSize + Tiles.Rows * Head + Tiles.Room;
    }
}
