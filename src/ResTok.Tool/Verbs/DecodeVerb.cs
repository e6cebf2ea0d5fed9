using System.CommandLine;
using System.Globalization;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.MLNet.Tables;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok decode</c>: tokens to images, as PNG files, or an npz for the official evaluator.</summary>
internal static class DecodeVerb
{
    public static Command Create()
    {
        var output = new Option<string?>("--output", "-o") { Description = "A folder for PNG files, or samples.npz for the official evaluator." };
        var options = new DecodingOptions();
        var worker = new WorkerOptions();
        var command = new Command("decode", "Makes images of a token table.") { output };
        options.AddTo(command);
        worker.AddTo(command);
        return command.Runs(async (parsed, stop) =>
        {
            if (worker.Folder(parsed) is { } planned)
                return await worker.RunAsync(parsed, PlanFolder.Open(planned), options.Model, stop).ConfigureAwait(false);
            string target = Path.GetFullPath(parsed.GetValue(output) ?? throw new ArgumentException("Say where to write: -o images, or -o samples.npz."));
            (Plan plan, TokenTableFiles table) = await options.PlanAsync(parsed, stop).ConfigureAwait(false);
            var choice = new ModelChoice(plan.Model, plan.Precision);
            using var work = new DecodingWork(plan, choice.LoadTokenizer(await choice.LocateAsync(stop).ConfigureAwait(false), options.Model.ReadDevice(parsed)));
            var meter = new RunMeter();
            ProgressDisplay.Run("decode", plan.Rows, meter, () =>
            {
                if (target.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
                    AtomicFile.Write(target, stream => work.Write(table, stream, meter, stop));
                else
                    WriteFiles(work, table, target, meter, stop);
                return 0;
            });
            Console.WriteLine($"{target}: {meter.Describe()}");
            return 0;
        });
    }

    private static void WriteFiles(DecodingWork work, TokenTableFiles table, string folder, RunMeter meter, CancellationToken stop)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long row = 0;
        foreach ((torch.Tensor images, IReadOnlyList<string?> ids, IReadOnlyList<int> views) in work.Decode(table, meter, stop))
        {
            using torch.Tensor fractions = images.to(torch.ScalarType.Float32).div_(255);
            IReadOnlyList<MLImage> pictures = ResTokImages.FromTensor(fractions);
            for (int i = 0; i < pictures.Count; i++, row++)
            {
                using MLImage picture = pictures[i];
                string name = FileName(ids.Count > 0 ? ids[i] : null, views.Count > 0 ? views[i] : 0, row);
                if (!names.Add(name))
                    names.Add(name = string.Create(CultureInfo.InvariantCulture, $"{name}-row{row}"));
                string path = Path.Combine(folder, name + ".png");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                picture.Save(path);
            }
        }
    }

    /// <summary>A row's file without its ending: its id, of which nothing leads out of the folder.</summary>
    internal static string FileName(string? id, int view, long row)
    {
        string[] parts = [.. (id ?? "").Split('/', '\\').Where(part => part is not ("" or "." or "..")).Select(Clean)];
        string name = parts.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"{row:00000000}") : Path.Combine([.. parts[..^1], Path.GetFileNameWithoutExtension(parts[^1])]);
        return view == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-view{view}");

        static string Clean(string part) => string.Concat(part.Select(character => Path.GetInvalidFileNameChars().Contains(character) || character is ':' or '*' or '?' ? '_' : character));
    }
}
