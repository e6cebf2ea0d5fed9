using ResTok.MLNet.Rows;
using ResTok.Models.Evaluation;

namespace ResTok.MLNet;

/// <summary>How <see cref="ImageCatalog"/> evaluates.</summary>
public record ImageEvaluationOptions
{
    /// <summary>
    /// The networks that metrics need beside the pixels; by default those whose files are found. Null for none. They compute on the
    /// device that the <see cref="Microsoft.ML.MLContext"/> asks for.
    /// </summary>
    public EvaluationWeights? Weights { get; init; } = new();

    /// <summary>Images that the networks see at once, at least 1; it changes nothing but speed and memory.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>How images that are compared get the size of those that were rebuilt or generated.</summary>
    public ResTokResize Resize { get; init; }

    /// <summary>What to do with rows that cannot be used: to fail, or to leave them out. How many were so is logged.</summary>
    public InvalidRowHandling OnInvalidRow { get; init; }

    /// <summary>Ends the evaluation between two batches.</summary>
    public CancellationToken CancellationToken { get; init; }

    internal virtual void Validate()
    {
        if (BatchSize < 1)
            throw new ArgumentOutOfRangeException("options", BatchSize, $"{nameof(BatchSize)} is {BatchSize}, but must be at least 1.");
        if (!Enum.IsDefined(Resize))
            throw new ArgumentOutOfRangeException("options", Resize, $"{nameof(Resize)} must be one of {string.Join(", ", Enum.GetNames<ResTokResize>())}.");
        TokenColumn.CheckMissing(OnInvalidRow, asKeys: true); // such rows are left out
    }
}

/// <summary>How <see cref="ImageCatalog.EvaluateReconstruction(Microsoft.ML.IDataView, string, string, ReconstructionEvaluationOptions?)"/> evaluates.</summary>
public sealed record ReconstructionEvaluationOptions : ImageEvaluationOptions
{
    /// <summary>A column of tokens, Vector&lt;Int32&gt; or of keys, for the codebook's use and entropy; null for none.</summary>
    public string? TokensColumnName { get; init; }

    /// <summary>Entries of the codebook (config key <c>codebook_size</c>). Needed with <see cref="TokensColumnName"/> of Int32; keys know it.</summary>
    public int? CodebookSize { get; init; }

    internal override void Validate()
    {
        base.Validate();
        Columns.CheckNames((nameof(TokensColumnName), TokensColumnName));
        if (CodebookSize is < 1)
            throw new ArgumentOutOfRangeException("options", CodebookSize, $"{nameof(CodebookSize)} is {CodebookSize}, but must be at least 1.");
    }
}
