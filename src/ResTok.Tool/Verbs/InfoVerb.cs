using System.CommandLine;
using System.Globalization;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Models;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok info</c>: what is in a model or a token table.</summary>
internal static class InfoVerb
{
    public static Command Create()
    {
        var what = new Argument<string>("what") { Description = "A token table (Parquet file, folder, pattern), a model's folder, file or id, or 'demo'.", DefaultValueFactory = _ => ModelChoice.Demo };
        return new Command("info", "Says what is in a model or a token table.") { what }.Runs(async (parsed, stop) =>
        {
            string name = parsed.GetValue(what)!;
            if (name.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) || (Directory.Exists(name) && Directory.GetFiles(name, "*.parquet").Length > 0))
            {
                Describe(TokenTableFiles.Open(name, new()));
                return 0;
            }
            string? path = await new ModelChoice(name, Precision.Float32).LocateAsync(stop).ConfigureAwait(false);
            ModelKind? only = path is null ? null : ModelKinds.Of(path);
            if (path is not null)
                Console.WriteLine($"files: {string.Join(", ", Checkpoint.FilesOf(path))}");
            if (only is null or ModelKind.Tokenizer)
                Describe(ModelChoice.TokenizerConfigOf(path), ModelChoice.Hash(path, "tokenizer"));
            if (only is null or ModelKind.Generator)
                Describe(ModelChoice.GeneratorConfigOf(path), ModelChoice.Hash(path, "generator"));
            return 0;
        });
    }

    private static void Describe(TokenTableFiles table)
    {
        long bytes = table.Files.Sum(file => new FileInfo(file.Path).Length), rows = table.Files.Sum(file => file.Rows);
        double tokens = (double)rows * table.TokensPerRow;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"token table: {rows} rows of {table.TokensPerRow} tokens in {table.Files.Count} files, {bytes} bytes; bits a token: {8.0 * table.Files.Sum(file => file.TokenBytes()) / tokens:0.00}, with ids, labels and heads {8.0 * bytes / tokens:0.00}"));
        foreach (KeyValuePair<string, string> pair in table.Files[0].Metadata.ToPairs())
            Console.WriteLine($"{pair.Key}: {pair.Value}");
    }

    private static void Describe(TokenizerConfig config, string hash)
    {
        var levels = new TokenLevels(config.LatentTokens);
        Console.WriteLine($"tokenizer: images of {config.CropSize}x{config.CropSize}, {config.LatentTokens} tokens of a codebook of {config.CodebookSize}, levels of {string.Join(", ", levels.Sizes)}");
        Console.WriteLine($"  encoder {config.EncoderSize}, decoder {config.DecoderSize}, weights' SHA-256 {hash}");
        Console.WriteLine($"  {config.ToJson().ToJsonString()}");
    }

    private static void Describe(GeneratorConfig config, string hash)
    {
        Console.WriteLine($"generator: {config.Tokens} tokens of a codebook of {config.CodebookSize}, {config.Classes} classes{(config.ClassNames is { } names ? $": {string.Join(", ", names.Take(20))}{(names.Count > 20 ? ", …" : "")}" : "")}");
        Console.WriteLine($"  weights' SHA-256 {hash}");
        Console.WriteLine($"  {config.ToJson().ToJsonString()}");
    }
}
