using ResTok.Models;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.Evaluation;

/// <summary>What is evaluated, as the command line says it.</summary>
internal sealed record EvaluationSettings
{
    /// <summary>Images, as data sets or one npz file.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The tokenizer, for the page.</summary>
    public required string Model { get; init; }

    /// <summary>The generator, for the page; null for none.</summary>
    public string? Generator { get; init; }

    /// <summary>How the generator draws.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Official;

    /// <summary>Generated images, as data sets, an npz file or a token table, in place of a generator; null for none.</summary>
    public string? Generated { get; init; }

    /// <summary>An npz file that generated images are compared with in place of the images; null for none.</summary>
    public string? Reference { get; init; }

    /// <summary>Numbers of tokens to rebuild from; null for each level's end.</summary>
    public IReadOnlyList<int>? TokenCounts { get; init; }

    /// <summary>Of the search for tokens; 0 for the encoder's tokens.</summary>
    public int SearchSteps { get; init; }

    /// <summary>Images of the data set that count.</summary>
    public long Limit { get; init; } = long.MaxValue;

    /// <summary>Images of a batch.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>This worker's number, from 0, of so many.</summary>
    public (int Index, int Count) Worker { get; init; } = (0, 1);

    public EvaluationWeights Weights { get; init; } = new();

    public bool Generates => Generator is not null || Generated is not null;
}
