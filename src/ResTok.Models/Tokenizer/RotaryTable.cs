using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer;

/// <summary>
/// Two-dimensional rotary position embedding: half of each head's features turn by the row, half by the column of a token's
/// position (reference <c>modeling/modules/rope.py</c>). Angles are computed in float64.
/// </summary>
internal sealed class RotaryTable : IDisposable
{
    /// <summary>e^(i·angle) per token and feature pair, complex64 [L, 1, head/2]: broadcasts over heads.</summary>
    private readonly Tensor turns;

    /// <param name="positions">Row and column of every token of the sequence.</param>
    /// <param name="headWidth">Features per attention head, a multiple of 4.</param>
    /// <param name="rotaryBase">Config key <c>rope_base_len</c>.</param>
    /// <param name="device">Where the table is used.</param>
    public RotaryTable(IReadOnlyList<(int Row, int Column)> positions, int headWidth, double rotaryBase, Device device)
    {
        int perAxis = headWidth / 4; // pairs that turn by one axis
        var values = new float[positions.Count, 1, 2 * perAxis, 2];
        for (int token = 0; token < positions.Count; token++)
        {
            for (int pair = 0; pair < 2 * perAxis; pair++)
            {
                double frequency = 1.0 / Math.Pow(rotaryBase, (double)(2 * (pair % perAxis)) / (2 * perAxis));
                double angle = frequency * (pair < perAxis ? positions[token].Row : positions[token].Column);
                values[token, 0, pair, 0] = (float)Math.Cos(angle);
                values[token, 0, pair, 1] = (float)Math.Sin(angle);
            }
        }
        using var scope = NewDisposeScope();
        turns = tensor(values).to(device).view_as_complex().DetachFromDisposeScope();
    }

    /// <summary>Turns queries or keys.</summary>
    /// <param name="x">[B, L, heads, head], contiguous.</param>
    /// <returns>[B, L, heads, head] in the format of <paramref name="x"/>.</returns>
    public Tensor Apply(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor pairs = x.to(ScalarType.Float32).unflatten(3, [-1, 2]).view_as_complex();
        return (pairs * turns).view_as_real().flatten(-2).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>cos and sin per token and pair, float32 [L, head/2, 2].</summary>
    internal Tensor CosSin() => turns.squeeze(1).view_as_real();

    public void Dispose() => turns.Dispose();
}
