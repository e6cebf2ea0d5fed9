namespace ResTok.MLNet.Onnx.Export;

/// <summary>The tables of rotary positions: for each token and feature the cosine, and the sine with the sign that a swapped pair needs.</summary>
internal static class Positions
{
    /// <summary>
    /// In two dimensions: half of each head's features turn by the row, half by the column (reference <c>modeling/modules/rope.py</c>).
    /// Angles are computed in float64.
    /// </summary>
    public static (float[] Cos, float[] Sin) Grid(IReadOnlyList<(int Row, int Column)> positions, int headWidth, double rotaryBase)
    {
        int perAxis = headWidth / 4; // pairs that turn by one axis
        return Table(positions.Count, headWidth, (token, pair) =>
        {
            double frequency = 1 / Math.Pow(rotaryBase, (double)(pair % perAxis) / perAxis);
            double angle = frequency * (pair < perAxis ? positions[token].Row : positions[token].Column);
            return ((float)Math.Cos(angle), (float)Math.Sin(angle));
        });
    }

    /// <summary>
    /// In one dimension: all features turn by the index in the sequence (reference <c>precompute_freqs_cis_1d</c>). Angles are computed in
    /// float32, as there.
    /// </summary>
    public static (float[] Cos, float[] Sin) Line(int length, int headWidth, double rotaryBase) => Table(length, headWidth, (token, pair) =>
    {
        float frequency = 1 / MathF.Pow((float)rotaryBase, (float)(2 * pair) / headWidth);
        float angle = token * frequency;
        return (MathF.Cos(angle), MathF.Sin(angle));
    });

    private static (float[] Cos, float[] Sin) Table(int length, int headWidth, Func<int, int, (float Cos, float Sin)> turn)
    {
        var cos = new float[length * headWidth];
        var sin = new float[length * headWidth];
        for (int token = 0; token < length; token++)
        {
            for (int pair = 0; pair < headWidth / 2; pair++)
            {
                int at = token * headWidth + 2 * pair;
                (float c, float s) = turn(token, pair);
                (cos[at], cos[at + 1], sin[at], sin[at + 1]) = (c, c, -s, s);
            }
        }
        return (cos, sin);
    }
}
