// restok: image data sets to token tables and back. Each verb is a file in Verbs/.
using System.CommandLine;
using System.Globalization;
using ResTok.Tool.Verbs;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var command = new RootCommand("Image data sets to ResTok tokens and back. First: restok encode pictures/ -o tokens.parquet")
{
    ImageVerbs.Encode(),
    DecodeVerb.Create(),
    GenerateVerb.Create(),
    ImageVerbs.Extract(),
    PlanVerb.Create(),
    StatusVerb.Create(),
    VerifyVerb.Create(),
    MergeVerb.Create(),
    InfoVerb.Create(),
    ExportVerb.Create(),
};
return await command.Parse(args).InvokeAsync();
