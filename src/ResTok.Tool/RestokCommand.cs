using System.CommandLine;
using ResTok.Tool.Verbs;

namespace ResTok.Tool;

/// <summary>The command <c>restok</c>. Each verb is a file in Verbs/.</summary>
internal static class RestokCommand
{
    public static RootCommand Create() => new("Image data sets to ResTok tokens and back. First: restok encode images/ -o tokens.parquet")
    {
        ImageVerbs.Encode(),
        DecodeVerb.Create(),
        GenerateVerb.Create(),
        ImageVerbs.Extract(),
        TrainVerb.Create(),
        PlanVerb.Create(),
        StatusVerb.Create(),
        VerifyVerb.Create(),
        MergeVerb.Create(),
        InfoVerb.Create(),
        ExportVerb.Create(),
        EvaluateVerb.Create(),
        SearchGuidanceVerb.Create(),
    };
}
