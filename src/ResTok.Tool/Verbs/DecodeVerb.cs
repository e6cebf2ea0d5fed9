using System.CommandLine;
using System.Globalization;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.MLNet.Tables;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok decode</c>: tokens to images, as PNG files, or an npz for the official evaluator.</summary>
internal static class DecodeVerb
{
    public static Command Create()
    {
        var options = new DecodingOptions();
        return PlannedVerb.Create(
            "decode", "Makes images of a token table.",
            "A folder for PNG files, or samples.npz for the official evaluator.", "-o images, or -o samples.npz", options.Model, options.AddTo,
            async call =>
            {
                (Plan plan, TokenTableFiles table) = await options.PlanAsync(call.Parsed, call.Stop).ConfigureAwait(false);
                return await call.RunAsync<DecodingWork>(plan, (work, meter) =>
                {
                    if (call.Target.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
                        AtomicFile.Write(call.Target, stream => work.Write(table, stream, meter, call.Stop));
                    else
                        WriteFiles(work, table, call.Target, meter, call.Stop);
                }).ConfigureAwait(false);
            });
    }

    private static void WriteFiles(DecodingWork work, TokenTableFiles table, string folder, RunMeter meter, CancellationToken stop)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long row = 0;
        foreach ((torch.Tensor bytes, IReadOnlyList<string?> ids, IReadOnlyList<int> views) in work.Decode(table, meter, stop))
        {
            using torch.Tensor fractions = bytes.to(torch.ScalarType.Float32).div_(255);
            IReadOnlyList<MLImage> images = ResTokImages.FromTensor(fractions);
            for (int i = 0; i < images.Count; i++, row++)
            {
                using MLImage image = images[i];
                string name = FileName(ids.Count > 0 ? ids[i] : null, views.Count > 0 ? views[i] : 0, row);
                if (!names.Add(name))
                    names.Add(name = string.Create(CultureInfo.InvariantCulture, $"{name}-row{row}"));
                string path = Path.Combine(folder, name + ".png");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                AtomicFile.WriteOneOfMany(path, image.Save);
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
