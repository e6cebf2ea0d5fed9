using System.Diagnostics;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Models.Evaluation;
using ResTok.Tool.Plans;
using TorchSharp;

namespace ResTok.Tool.Work;

/// <summary>Makes images of token tables: npz files as the official evaluator reads them, or whatever takes batches. Disposes the tokenizer.</summary>
internal sealed class DecodingWork(Plan plan, ImageTokenizer tokenizer) : IShardWork
{
    public ShardResult Run(PlanShard shard, Stream stream, RunMeter meter, CancellationToken cancellationToken)
    {
        TokenTableFiles table = TokenTableFiles.Open(shard.Path!, new());
        Write(table, stream, meter, cancellationToken);
        return new(shard.Rows, []);
    }

    /// <summary>Writes all images of a table.</summary>
    public void Write(TokenTableFiles table, Stream stream, RunMeter meter, CancellationToken cancellationToken)
    {
        int side = tokenizer.Config.CropSize;
        NpzFile.WriteImages(stream, table.Files.Sum(file => file.Rows), (side, side), Decode(table, meter, cancellationToken).Select(batch => batch.Images));
    }

    /// <summary>The images batch by batch, uint8 [B, 3, S, S], each disposed before the next, with the ids and views of their rows.</summary>
    /// <exception cref="InvalidDataException">A token is not in the model's codebook, or there are too many in a row.</exception>
    public IEnumerable<(torch.Tensor Images, IReadOnlyList<string?> Ids, IReadOnlyList<int> Views)> Decode(TokenTableFiles table, RunMeter meter, CancellationToken cancellationToken)
    {
        int perRow = table.TokensPerRow, codes = tokenizer.Config.CodebookSize;
        if (perRow > tokenizer.Config.LatentTokens)
            throw new InvalidDataException($"'{table.Files[0].Path}' has {perRow} tokens a row, but the tokenizer takes at most {tokenizer.Config.LatentTokens}. Use the model that made them.");
        var rows = new TokenRows();
        foreach (TokenTableFile file in table.Files)
        {
            using TokenTableFile.Reading reading = file.Open();
            for (int group = 0; group < file.GroupRows.Count; group++)
            {
                rows.Clear();
                file.Read(reading, group, rows, TokenTableColumns.Ids | TokenTableColumns.Views | TokenTableColumns.Tokens);
                if (rows.Tokens.FindIndex(token => token < 0 || token >= codes) is >= 0 and int wrong)
                    throw new InvalidDataException($"Row {wrong / perRow} of row group {group} of '{file.Path}' has the token {rows.Tokens[wrong]}, but the tokenizer's are 0 to {codes - 1}. Use the model that made them.");
                for (int first = 0; first < rows.Count; first += plan.BatchSize)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int count = Math.Min(plan.BatchSize, rows.Count - first);
                    long start = Stopwatch.GetTimestamp();
                    using torch.Tensor images = Decode([.. rows.Tokens.Skip(first * perRow).Take(count * perRow).Select(token => (long)token)], count, perRow);
                    meter.Add(count, Stopwatch.GetElapsedTime(start));
                    yield return (images, Slice(rows.Ids, first, count), Slice(rows.Views, first, count));
                }
            }
        }

        static IReadOnlyList<T> Slice<T>(List<T> values, int first, int count) => values.Count == 0 ? [] : values.GetRange(first, count);
    }

    public void Dispose() => tokenizer.Dispose();

    private torch.Tensor Decode(long[] tokens, int rows, int perRow)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor images = tokenizer.Decode(torch.tensor(tokens, [rows, perRow]), plan.TokenCount);
        return images.clamp(0, 1).mul_(255).round_().to(torch.ScalarType.Byte).cpu().MoveToOuterDisposeScope();
    }
}
