using System.Text.Json.Nodes;
using ResTok.MLNet;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Work;

/// <summary>What tables say of how they were made.</summary>
internal static class PlanMetadata
{
    public static TokenTableMetadata MetadataOf(this Plan plan, int codebookSize, JsonObject config, string? preprocessing) => new()
    {
        Model = plan.Model,
        ModelSha256 = plan.ModelSha256,
        Config = config.ToJsonString(),
        Preprocessing = preprocessing,
        CodebookSize = codebookSize,
    };
}
