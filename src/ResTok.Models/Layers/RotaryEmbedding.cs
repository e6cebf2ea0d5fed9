using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>
/// Rotary position embedding: adjacent pairs of each head's features turn by angles that grow with the position.
/// </summary>
internal sealed class RotaryEmbedding : IDisposable
{
    /// <summary>e^(i·angle) per token and feature pair, complex64 [L, 1, head/2]: broadcasts over heads.</summary>
    private readonly Tensor turns;

    /// <param name="cosSin">cos and sin per token and pair, float32 [L, head/2, 2].</param>
    private RotaryEmbedding(Tensor cosSin) => turns = cosSin.unsqueeze(1).contiguous().view_as_complex().DetachFromDisposeScope();

    /// <summary>
    /// In two dimensions: half of each head's features turn by the row, half by the column (reference
    /// <c>modeling/modules/rope.py</c>). Angles are computed in float64.
    /// </summary>
    /// <param name="positions">Row and column of every token of the sequence.</param>
    /// <param name="headWidth">Features per attention head, a multiple of 4.</param>
    /// <param name="rotaryBase">Config key <c>rope_base_len</c>.</param>
    /// <param name="device">Where the table is used.</param>
    public static RotaryEmbedding Grid(IReadOnlyList<(int Row, int Column)> positions, int headWidth, double rotaryBase, Device device)
    {
        int perAxis = headWidth / 4; // pairs that turn by one axis
        var values = new float[positions.Count, 2 * perAxis, 2];
        for (int token = 0; token < positions.Count; token++)
        {
            for (int pair = 0; pair < 2 * perAxis; pair++)
            {
                double frequency = 1.0 / Math.Pow(rotaryBase, (double)(2 * (pair % perAxis)) / (2 * perAxis));
                double angle = frequency * (pair < perAxis ? positions[token].Row : positions[token].Column);
                values[token, pair, 0] = (float)Math.Cos(angle);
                values[token, pair, 1] = (float)Math.Sin(angle);
            }
        }
        using var scope = NewDisposeScope();
        return new(tensor(values).to(device));
    }

    /// <summary>
    /// In one dimension: all features turn by the index in the sequence (reference <c>precompute_freqs_cis_1d</c>). Angles are
    /// computed in float32, as there.
    /// </summary>
    /// <param name="length">Tokens of the sequence, L.</param>
    /// <param name="headWidth">Features per attention head, even.</param>
    /// <param name="rotaryBase">Config key <c>rope_base</c>.</param>
    /// <param name="device">Where the table is used.</param>
    public static RotaryEmbedding Line(int length, int headWidth, double rotaryBase, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor exponents = arange(0, headWidth, 2, dtype: ScalarType.Float32) / headWidth;
        Tensor frequencies = 1.0 / pow(tensor((float)rotaryBase), exponents);
        Tensor angles = outer(arange(length, dtype: ScalarType.Float32), frequencies); // [L, head/2]
        return new(stack([angles.cos(), angles.sin()], -1).to(device));
    }

    /// <summary>Turns queries or keys.</summary>
    /// <param name="x">[B, n, heads, head].</param>
    /// <param name="start">The position of the first of the n tokens.</param>
    /// <returns>[B, n, heads, head] in the format of <paramref name="x"/>.</returns>
    public Tensor Apply(Tensor x, int start = 0)
    {
        if (OwnKernels.Suit(x))
            return RowKernels.Rotate(x, turns, start);
        using var scope = NewDisposeScope();
        Tensor pairs = x.contiguous().to(ScalarType.Float32).unflatten(3, [-1, 2]).view_as_complex();
        return (pairs * turns.narrow(0, start, x.shape[1])).view_as_real().flatten(-2).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>cos and sin per token and pair, float32 [L, head/2, 2].</summary>
    internal Tensor CosSin() => turns.squeeze(1).view_as_real();

    public void Dispose() => turns.Dispose();
}
