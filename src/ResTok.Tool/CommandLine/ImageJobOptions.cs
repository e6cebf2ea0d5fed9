using System.CommandLine;
using ResTok.Models;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.CommandLine;

/// <summary>What encode, extract and their plans are told: inputs, model, views.</summary>
/// <param name="isExtraction">Whether views are those of the reference's extraction.</param>
internal sealed class ImageJobOptions(bool isExtraction)
{
    private readonly Argument<string[]> inputs = new("inputs") { Description = ImageSources.Names, Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<int> batch = new("--batch") { Description = "Images, or views of them, that the model takes at once. Rounding depends on it.", DefaultValueFactory = _ => 16 };
    private readonly Option<InvalidInputs> onInvalid = new("--on-invalid") { Description = "What to do with an image that cannot be used: Skip lists it and goes on, Fail ends.", DefaultValueFactory = _ => InvalidInputs.Skip };
    private readonly Option<int> views = new("--views") { Description = "1, 2 (as it is and mirrored) or 10 (corners and middle of the image and of its mirror image).", DefaultValueFactory = _ => 10 };
    private readonly Option<double> cropRange = new("--crop-range") { Description = "With ten views, how much larger than a view the centre crop is that they are cut from.", DefaultValueFactory = _ => 1.1 };
    private readonly Option<bool> scaledDecoding = new("--scaled-decoding") { Description = "Decode large JPEG files at a half, a quarter or an eighth where that is enough: faster, and not the reference's pixels, so that some tokens differ." };
    private readonly PlanOptions planning = new();

    public ModelOptions Model { get; } = new();

    public void AddTo(Command command)
    {
        command.Add(inputs);
        command.Add(batch);
        command.Add(onInvalid);
        command.Add(scaledDecoding);
        if (isExtraction)
        {
            command.Add(views);
            command.Add(cropRange);
        }
        Model.AddTo(command);
        planning.AddTo(command);
    }

    /// <summary>Plans what the command line asks for.</summary>
    public async Task<ImageJob> PlanAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] names = parsed.GetValue(inputs)!;
        if (names.Length == 0)
            throw new ArgumentException($"There is no input. Give {ImageSources.Names}");
        ModelChoice choice = Model.Read(parsed);
        string? path = await choice.LocateAsync(cancellationToken).ConfigureAwait(false);
        List<IImageSource> sources = ImageSources.Open(names);
        List<ImageFiles.Entry> files = [];
        List<PlanShard> shards = [.. Shards(sources, planning.RowsPerShard(parsed), files)];
        ImageViews cut = (isExtraction ? new(parsed.GetValue(views), parsed.GetValue(cropRange)) : ImageViews.Encoding) with { ScaledDecoding = parsed.GetValue(scaledDecoding) };
        cut.For(ModelChoice.TokenizerConfigOf(path).CropSize); // checks them
        var plan = new Plan
        {
            Task = PlanTask.Encode,
            Model = choice.InPlan(path),
            ModelSha256 = ModelChoice.Hash(path, "tokenizer"),
            Precision = choice.Precision,
            BatchSize = PlanOptions.AtLeastOne(parsed.GetValue(batch), "--batch"),
            Views = cut,
            FailOnInvalid = parsed.GetValue(onInvalid) == InvalidInputs.Fail,
            Workers = planning.Workers(parsed, shards.Count),
            Shards = shards,
        };
        return new(plan, files, sources);
    }

    private static IEnumerable<PlanShard> Shards(List<IImageSource> sources, int rowsPerShard, List<ImageFiles.Entry> files)
    {
        int number = 0;
        foreach (IImageSource source in sources.Where(source => source is not ImageFiles))
            yield return new(Name(number++), source.Name, 0, source.Count(), new FileInfo(source.Name).Length);
        files.AddRange(sources.OfType<ImageFiles>().SelectMany(source => source.Entries));
        for (int first = 0; first < files.Count; first += rowsPerShard)
            yield return new(Name(number++), PlanFolder.ListFile, first, Math.Min(rowsPerShard, files.Count - first));

        static string Name(int shard) => $"tokens-{shard:00000}";
    }
}

/// <summary>What to do with images that cannot be used.</summary>
internal enum InvalidInputs
{
    Skip,
    Fail,
}

/// <summary>A plan, the single files that it lists, and what it reads.</summary>
internal sealed record ImageJob(Plan Plan, IReadOnlyList<ImageFiles.Entry> Files, IReadOnlyList<IImageSource> Sources);
