using System.Text.Json;
using System.Text.Json.Serialization;
using ResTok.Models;
using ResTok.Tool.Work;

namespace ResTok.Tool.Plans;

/// <summary>What is made of a data set.</summary>
internal enum PlanTask
{
    /// <summary>Tokens of images, one view or more.</summary>
    Encode,

    /// <summary>Tokens of classes.</summary>
    Generate,

    /// <summary>Images of tokens.</summary>
    Decode,
}

/// <summary>
/// All that the bytes of a run depend on, as <c>plan.json</c> says it to every worker: the model, the shards, the batch size. A folder
/// has one plan.
/// </summary>
internal sealed record Plan
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Of this file's format.</summary>
    public int Format { get; init; } = 1;

    public required PlanTask Task { get; init; }

    /// <summary>The tokenizer of Encode and Decode, the generator of Generate.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of its weights.</summary>
    public required string ModelSha256 { get; init; }

    public required Precision Precision { get; init; }

    /// <summary>Rows that the model takes at once. Rounding depends on it.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Encode: views of an image.</summary>
    public ImageViews? Views { get; init; }

    /// <summary>Encode: whether an image that cannot be used ends the run; otherwise it is listed and left out.</summary>
    public bool FailOnInvalid { get; init; }

    /// <summary>Generate: the classes, of each as many rows after another.</summary>
    public IReadOnlyList<int>? Classes { get; init; }

    /// <summary>Generate: rows of each class.</summary>
    public int PerClass { get; init; }

    /// <summary>Generate: how tokens are drawn.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>Decode: leading tokens to use; all if null.</summary>
    public int? TokenCount { get; init; }

    /// <summary>W: shard s belongs to worker s mod W.</summary>
    public required int Workers { get; init; }

    public required IReadOnlyList<PlanShard> Shards { get; init; }

    public string? LibraryVersion { get; init; } = typeof(Plan).Assembly.GetName().Version?.ToString(3);

    /// <summary>What a shard's file is called after its name.</summary>
    [JsonIgnore]
    public string Ending => Task == PlanTask.Decode ? ".npz" : ".parquet";

    /// <summary>Rows in all, of images that can be used and that cannot.</summary>
    [JsonIgnore]
    public long Rows => Shards.Sum(shard => shard.Rows);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="InvalidDataException">It is no plan, or one of another version.</exception>
    public static Plan FromJson(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            Plan plan = JsonSerializer.Deserialize<Plan>(json, Json) ?? throw new InvalidDataException($"'{path}' is no plan.");
            return plan.Format == 1 ? plan : throw new InvalidDataException($"'{path}' is a plan of format {plan.Format}. Update the tool.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"'{path}' is no plan of this version, or damaged: {fault.Message}", fault);
        }
    }
}

/// <summary>A part of a plan that becomes one file.</summary>
/// <param name="Name">Of its file, without the ending.</param>
/// <param name="Path">A tar or Parquet file, or <see cref="PlanFolder.ListFile"/>; null where there is no input.</param>
/// <param name="First">The first row: a line of the list, or a row of Generate.</param>
/// <param name="Rows">How many.</param>
/// <param name="Bytes">The input file's size, by which a worker sees that it is another.</param>
internal sealed record PlanShard(string Name, string? Path, long First, long Rows, long? Bytes = null);
