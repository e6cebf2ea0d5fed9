using System.Text.Json;

namespace ResTok.Tool.Evaluation;

/// <summary>Names in lower case with underscores, and the ResNet-18's in one piece.</summary>
internal sealed class JsonNames : JsonNamingPolicy
{
    public static JsonNames Policy { get; } = new();

    public override string ConvertName(string name) => SnakeCaseLower.ConvertName(name).Replace("res_net18", "resnet18", StringComparison.Ordinal);
}
