using System.Text.Json.Nodes;
using ResTok.Models.Tests.Parity;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>The cases that the descriptions of golden sets list.</summary>
internal static class EvaluationGoldens
{
    public static TheoryData<string, string> Cases(string kind, string list)
    {
        var data = new TheoryData<string, string>();
        foreach ((string set, string folder) in GoldenSet.Folders(kind))
        {
            foreach (JsonNode? entry in JsonNode.Parse(File.ReadAllText(Path.Combine(folder, kind + ".json")))![list]!.AsArray())
                data.Add(set, (string)entry!["name"]!);
        }
        return data;
    }

    public static JsonNode Find(GoldenSet golden, string list, string name) => golden.Description[list]!.AsArray().Single(entry => (string)entry!["name"]! == name)!;
}
