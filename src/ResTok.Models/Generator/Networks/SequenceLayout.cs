namespace ResTok.Models.Generator.Networks;

/// <summary>
/// Which input stands at which position of the generator's sequence, which passes produce it and who sees whom (reference
/// <c>gpt_har.py</c>). The output of position p is token p.
/// </summary>
/// <remarks>
/// Position 0 is the class, 1 to a − 1 the tokens before them (a = <c>ar_token_num</c>). A group [s, 2s) predicts a level at once: its
/// first half are the tokens of the level before, its second half special tokens for what is not known yet. The first group, [a, 2a),
/// has one token and a − 1 special ones. Without HAR every position but the class is the token before it.
/// </remarks>
internal sealed class SequenceLayout
{
    private readonly int tokens;
    private readonly int single; // leading positions that are generated one by one

    public SequenceLayout(GeneratorConfig config)
    {
        tokens = config.Tokens;
        single = config.Hierarchical ? config.AutoregressiveTokens : tokens;
        var passes = new List<GenerationPass>();
        for (int start = 0; start < tokens; start += passes[^1].Count)
            passes.Add(new(start, start < single ? 1 : start));
        Passes = passes;
    }

    /// <summary>The passes that generate an image, in order.</summary>
    public IReadOnlyList<GenerationPass> Passes { get; }

    /// <summary>Whether so many leading tokens are what some number of passes generates, or none.</summary>
    public bool IsPassEnd(int count) => count == 0 || Passes.Any(pass => pass.End == count);

    /// <summary>Whether the position <paramref name="row"/> may attend to <paramref name="column"/>.</summary>
    public bool MayAttend(int row, int column) => row < single
        ? column <= row
        : int.Log2(Math.Max(1, column)) <= int.Log2(row); // groups [s, 2s) see themselves and all before

    /// <summary>The inputs of the positions from <paramref name="start"/> to before <paramref name="end"/>, as runs of one kind.</summary>
    public IEnumerable<InputRun> Inputs(int start, int end)
    {
        for (int position = start; position < end;)
        {
            (InputRun run, int runEnd) = RunAt(position);
            int count = Math.Min(end, runEnd) - position;
            yield return run with { Count = count };
            position += count;
        }
    }

    /// <summary>The run from a position on, and where it ends.</summary>
    private (InputRun Run, int End) RunAt(int position)
    {
        if (position == 0)
            return (new(InputKind.Class, 0, 1), 1);
        if (position < single)
            return (new(InputKind.Token, position - 1, 0), single);
        int group = 1 << int.Log2(position);
        if (group == single) // one token, and special tokens from 0 on
            return position == group
                ? (new(InputKind.Token, group - 1, 1), group + 1)
                : (new(InputKind.Special, position - group - 1, 0), 2 * group);
        int half = group / 2;
        return position < group + half
            ? (new(InputKind.Token, position - half, 0), group + half)
            : (new(InputKind.Special, position - group - 1, 0), 2 * group);
    }
}
