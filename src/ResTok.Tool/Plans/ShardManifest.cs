using System.Text.Json;
using ResTok.Tool.Work;

namespace ResTok.Tool.Plans;

/// <summary>What says that a shard is done: it is written after the shard has its name.</summary>
/// <param name="Shard">The file's name.</param>
/// <param name="Rows">In it.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Of the file.</param>
/// <param name="PlanSha256">Of the plan that it was made by.</param>
/// <param name="Machine">Who made it.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="DeviceShare">The share of that in which the model computed.</param>
/// <param name="Invalid">Inputs that could not be used.</param>
internal sealed record ShardManifest(
    string Shard, long Rows, long Bytes, string Sha256, string PlanSha256, string Machine, double Seconds, double DeviceShare, IReadOnlyList<InvalidInput> Invalid)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="InvalidDataException">It is no manifest.</exception>
    public static ShardManifest Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ShardManifest>(File.ReadAllBytes(path), Json) ?? throw new InvalidDataException($"'{path}' is no manifest of a shard.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"'{path}' is no manifest of a shard, or damaged: {fault.Message} Remove it, and the shard is made again.", fault);
        }
    }
}
