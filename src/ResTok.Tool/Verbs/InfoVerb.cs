using System.CommandLine;
using ResTok.MLNet;
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
        var what = new Argument<string>("what") { Description = "A token table (Parquet file, folder, pattern), a model's folder or id, or 'demo'.", DefaultValueFactory = _ => ModelChoice.Demo };
        return new Command("info", "Says what is in a model or a token table.") { what }.Runs(async (parsed, stop) =>
        {
            string name = parsed.GetValue(what)!;
            if (name.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) || (Directory.Exists(name) && Directory.GetFiles(name, "*.parquet").Length > 0))
            {
                Describe(TokenTableFiles.Open(name, new()));
                return 0;
            }
            var choice = new ModelChoice(name, Precision.Float32);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false);
            Describe(path);
            return 0;
        });
    }

    private static void Describe(TokenTableFiles table)
    {
        long bytes = table.Files.Sum(file => new FileInfo(file.Path).Length), rows = table.Files.Sum(file => file.Rows);
        Console.WriteLine($"token table: {rows} rows of {table.TokensPerRow} tokens in {table.Files.Count} files, {bytes} bytes, {8.0 * bytes / (rows * table.TokensPerRow):0.00} bits a token with ids and labels");
        foreach (KeyValuePair<string, string> pair in table.Files[0].Metadata.ToPairs())
            Console.WriteLine($"{pair.Key}: {pair.Value}");
    }

    private static void Describe(string? path)
    {
        if (path is not null)
            Console.WriteLine($"files: {string.Join(", ", Checkpoint.FilesOf(path))}");
        if (TryDescribe(() => ModelChoice.TokenizerConfigOf(path)) is { } tokenizer)
        {
            Console.WriteLine($"tokenizer: images {tokenizer.CropSize}x{tokenizer.CropSize}, {tokenizer.LatentTokens} tokens of a codebook of {tokenizer.CodebookSize}");
            Console.WriteLine($"SHA-256 {ModelChoice.Hash(path, "tokenizer")}");
        }
    }

    private static TokenizerConfig? TryDescribe(Func<TokenizerConfig> read) => read();
}
