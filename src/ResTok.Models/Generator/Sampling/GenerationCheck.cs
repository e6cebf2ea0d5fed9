using ResTok.Models.Generator.Networks;

namespace ResTok.Models.Generator.Sampling;

/// <summary>Whether a generator can do what it is asked for.</summary>
internal static class GenerationCheck
{
    /// <returns>Tokens to generate, with the prefix.</returns>
    /// <exception cref="ArgumentException">The request's parts do not fit together, or the model has no null class for guidance.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A class, a token, a level or an option is out of range.</exception>
    public static int Request(GenerationRequest request, SamplingOptions options, GeneratorConfig config, SequenceLayout layout)
    {
        ArgumentNullException.ThrowIfNull(request);
        options.Validate();
        Classes(request.Classes, config);
        int rows = request.Classes.Count;
        if (request.RowIds is { } ids && ids.Count != rows)
            throw new ArgumentException($"There are {ids.Count} row ids for {rows} classes; give one for each.", nameof(request));
        var all = new TokenLevels(config.Tokens);
        if (request.Levels is { } levels && (levels < 1 || levels > all.Count))
            throw new ArgumentOutOfRangeException(nameof(request), levels, $"Levels must be from 1 to {all.Count}.");
        if (options.GuidanceScale > 1 && config.ClassDropout == 0)
            throw new ArgumentException("Classifier-free guidance needs a null class, which this model lacks (class_dropout_prob is 0). Set GuidanceScale to 1.", nameof(options));
        int end = all.TokensIn(request.Levels ?? all.Count);
        if (request.Prefix is { } prefix)
            Prefix(prefix, rows, end, config, layout);
        return end;
    }

    public static void Classes(IReadOnlyList<int> classes, GeneratorConfig config)
    {
        if (classes.Count == 0)
            throw new ArgumentException("There is no class. Give one for each image.", nameof(classes));
        foreach (int label in classes)
        {
            if (label < 0 || label >= config.Classes)
                throw new ArgumentOutOfRangeException(nameof(classes), label, $"Classes must be from 0 to {config.Classes - 1}.");
        }
    }

    public static void Token(long token, GeneratorConfig config)
    {
        if (token < 0 || token >= config.CodebookSize)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"Token ids must be from 0 to {config.CodebookSize - 1}, the entries of the codebook.");
    }

    private static void Prefix(IReadOnlyList<IReadOnlyList<int>> prefix, int rows, int end, GeneratorConfig config, SequenceLayout layout)
    {
        if (prefix.Count != rows || prefix.Any(row => row.Count != prefix[0].Count))
            throw new ArgumentException($"There must be a prefix for each of the {rows} classes, all of the same length.", nameof(prefix));
        int length = prefix[0].Count;
        if (length > end || !layout.IsPassEnd(length))
            throw new ArgumentException(
                $"A prefix of {length} tokens cannot be continued to {end}: it must end where a pass ends, at one of "
                + $"{string.Join(", ", layout.Passes.Select(pass => pass.End).Where(count => count <= end).Prepend(0))}.", nameof(prefix));
        foreach (int token in prefix.SelectMany(row => row))
            Token(token, config);
    }
}
