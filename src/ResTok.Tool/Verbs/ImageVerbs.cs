using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok encode</c> and <c>restok extract</c>: images to tokens.</summary>
internal static class ImageVerbs
{
    public static Command Encode() => Create("encode", "Encodes images into token tables: one row an image.", isExtraction: false);

    public static Command Extract() => Create("extract", "Extracts the codes that generators are trained on, as the reference does: one, two or ten views an image.", isExtraction: true);

    private static Command Create(string name, string description, bool isExtraction)
    {
        var format = new Option<TokenFormat>("--format") { Description = "Parquet, or Npy: the reference's layout, a file for each image.", DefaultValueFactory = _ => TokenFormat.Parquet };
        var dataset = new Option<string>("--dataset") { Description = "With --format npy, what files are named by.", DefaultValueFactory = _ => "imagenet" };
        var job = new ImageJobOptions(isExtraction);
        return PlannedVerb.Create(
            name, description, "A token table (tokens.parquet), or a folder for a plan and its shards.", "-o tokens.parquet, or a folder", job.Model, AddOptions,
            async call =>
            {
                ImageJob asked = await job.PlanAsync(call.Parsed, call.Stop).ConfigureAwait(false);
                bool isNpy = call.Parsed.GetValue(format) == TokenFormat.Npy;
                if (!isNpy && !call.IsTable)
                    return await call.WorkAsync(asked.Plan, asked.Files).ConfigureAwait(false);
                IReadOnlyList<InvalidInput> invalid = [];
                int code = await call.RunAsync<EncodingWork>(asked.Plan, (work, meter) =>
                {
                    IEnumerable<InputImage> images = asked.Sources.SelectMany(source => source.Read());
                    if (isNpy)
                    {
                        using var codes = new NpyCodes(call.Target, call.Parsed.GetValue(dataset)! + work.Side);
                        invalid = work.Encode(images, codes.Add, meter, call.Stop);
                        codes.Complete();
                    }
                    else
                    {
                        AtomicFile.Write(call.Target, stream => invalid = work.Run(images, stream, meter, call.Stop).Invalid);
                    }
                }).ConfigureAwait(false);
                Worker.Report(invalid);
                return code;
            });

        void AddOptions(Command command)
        {
            command.Add(format);
            command.Add(dataset);
            job.AddTo(command);
        }
    }
}

/// <summary>How tokens are written.</summary>
internal enum TokenFormat
{
    Parquet,
    Npy,
}
