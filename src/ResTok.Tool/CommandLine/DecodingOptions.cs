using System.CommandLine;
using ResTok.MLNet.Tables;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;

namespace ResTok.Tool.CommandLine;

/// <summary>What decode and its plan are told: the table and the model.</summary>
internal sealed class DecodingOptions
{
    private readonly Argument<string?> table = new("table") { Description = "A token table: a Parquet file, a folder of such, or a pattern.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<int?> tokens = new("--tokens") { Description = "How many leading tokens to use; all by default." };
    private readonly Option<int> batch = new("--batch") { Description = "Images at once. Rounding depends on it.", DefaultValueFactory = _ => 16 };
    private readonly Option<int?> workers = new("--workers") { Description = "Workers that share the shards, which are the table's files; by default one for each." };

    public ModelOptions Model { get; } = new();

    public void AddTo(Command command)
    {
        command.Add(table);
        command.Add(tokens);
        command.Add(batch);
        command.Add(workers);
        Model.AddTo(command);
    }

    public async Task<(Plan Plan, TokenTableFiles Table)> PlanAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ModelChoice choice = Model.Read(parsed);
        string? path = await choice.LocateAsync(cancellationToken).ConfigureAwait(false);
        TokenTableFiles files = TokenTableFiles.Open(parsed.GetValue(table) ?? throw new ArgumentException("There is no token table. Give a Parquet file, or a folder of such."), new());
        if (parsed.GetValue(tokens) is { } count && (count < 1 || count > files.TokensPerRow))
            throw new ArgumentException($"--tokens is {count}, but must be from 1 to the {files.TokensPerRow} that rows have.");
        PlanShard[] shards = [.. files.Files.Select((file, number) => new PlanShard($"images-{number:00000}", Path.GetFullPath(file.Path), 0, file.Rows, new FileInfo(file.Path).Length))];
        var plan = new Plan
        {
            Task = PlanTask.Decode,
            Model = choice.InPlan(path),
            ModelSha256 = ModelChoice.Hash(path, "tokenizer"),
            Precision = choice.Precision,
            BatchSize = PlanOptions.AtLeastOne(parsed.GetValue(batch), "--batch"),
            TokenCount = parsed.GetValue(tokens),
            Workers = parsed.GetValue(workers) is { } given ? PlanOptions.AtLeastOne(given, "--workers") : shards.Length,
            Shards = shards,
        };
        return (plan, files);
    }
}
