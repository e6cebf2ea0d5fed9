using System.Text;
using System.Text.Json.Nodes;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Work;

/// <summary>What tables say of how they were made.</summary>
internal static class PlanMetadata
{
    public static TokenTableMetadata MetadataOf(this Plan plan, int codebookSize, string config, string? preprocessing) => new()
    {
        Model = plan.Model,
        ModelSha256 = plan.ModelSha256,
        Config = config,
        Preprocessing = preprocessing,
        CodebookSize = codebookSize,
    };

    /// <summary>A configuration on one line.</summary>
    public static string ToJson(this TokenizerConfig config) => OneLine(config.Write);

    /// <inheritdoc cref="ToJson(TokenizerConfig)"/>
    public static string ToJson(this GeneratorConfig config) => OneLine(config.Write);

    private static string OneLine(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return JsonNode.Parse(Encoding.UTF8.GetString(stream.ToArray()))!.ToJsonString();
    }
}
