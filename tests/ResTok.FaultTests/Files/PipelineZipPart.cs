using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.FaultTests.Files;

/// <summary>What this library keeps in a saved pipeline: the options of each stage, the configuration and the weights.</summary>
internal static class PipelineZipPart
{
    private const string Generation = "Transform_000/", Weights = "model.safetensors";

    public static PartFigures Run(PartSettings settings)
    {
        using var fuzzing = new Fuzzing(settings, IsDocumented);
        var ml = new MLContext(seed: 1);
        Dictionary<string, byte[]> valid = Save(ml, Path.Combine(fuzzing.Folder, "valid.zip"));
        string zip = Path.Combine(fuzzing.Folder, "pipeline.zip");
        void Load(Dictionary<string, byte[]> entries)
        {
            Write(zip, entries);
            ITransformer model = ml.Model.Load(zip, out _);
            try
            {
                Use(ml, model);
            }
            finally
            {
                (model as IDisposable)?.Dispose();
            }
        }

        fuzzing.TryAll([("the valid pipeline", () => Load(valid))]);
        if (fuzzing.Figures.Succeeded != 1)
            fuzzing.Figures.Findings.Add("the valid pipeline is refused, so nothing else counts");
        fuzzing.TryAll(Attacks(valid).Select(attack => (attack.Name, (Action)(() => Load(attack.Entries)))));
        string[] ours = [.. valid.Keys.Where(name => name.Contains("/Transform_", StringComparison.Ordinal) && (name.EndsWith("Model.key", StringComparison.Ordinal) || name.EndsWith(Weights, StringComparison.Ordinal)))];
        string[] small = [.. ours.Where(name => valid[name].Length < 1 << 20)];
        fuzzing.TryMany(5_000, random =>
        {
            string name = (random.Next(20) == 0 ? ours : small)[random.Next(random.Next(20) == 0 ? small.Length : small.Length)];
            byte[] entry = valid[name];
            int header = name.EndsWith(Weights, StringComparison.Ordinal) ? 0 : HeaderOf(entry);
            byte[] changed = random.Next(3) == 0 && header > 0
                ? Encoding.Latin1.GetBytes(Mutator.ChangeNumbers(Encoding.Latin1.GetString(entry), random))
                : Mutator.Change(entry[..Math.Min(entry.Length, 8192)], random, random.Next(10) == 0 ? 0 : header) is var start ? [.. start, .. entry[Math.Min(entry.Length, 8192)..]] : entry;
            return () => Load(new(valid) { [name] = changed });
        });
        return fuzzing.Finish();
    }

    /// <summary>
    /// What <c>Model.Load</c> throws: ML.NET's own faults of a damaged file, and ours, in an <see cref="InvalidOperationException"/> where
    /// ML.NET wraps it. Reading rows of a model with other values may fail as documented there.
    /// </summary>
    private static bool IsDocumented(Exception fault) => fault is CheckpointException or InvalidDataException or FormatException or InvalidOperationException and not ObjectDisposedException
        && IsKnown(fault.InnerException);

    private static bool IsKnown(Exception? inner) => inner is null or CheckpointException or InvalidDataException or FormatException
        || inner is InvalidOperationException or System.Reflection.TargetInvocationException && IsKnown(inner.InnerException);

    private static Dictionary<string, byte[]> Save(MLContext ml, string path)
    {
        using ResTokGenerator generator = ResTokGenerator.FromGenerator(TinyModels.CreateGenerator());
        using ResTokModel tokenizer = ResTokModel.FromTokenizer(TinyModels.CreateTokenizer());
        IDataView data = ml.Data.LoadFromEnumerable([new LabelRow()]);
        using var model = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { PrefixColumnName = null, Sampling = new() { TopK = 16, GuidanceScale = 2 } })
            .Append(ml.Transforms.ResTokDecode("Picture", "Tokens", tokenizer, tokenCount: 4))
            .Append(ml.Transforms.ResTokEncode("Again", "Picture", tokenizer, new() { LatentsColumnName = "Latents", TokensAsKeys = true }))
            .Fit(data);
        ml.Model.Save(model, data.Schema, path);
        using ZipArchive archive = ZipFile.OpenRead(path);
        return archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using Stream stream = entry.Open();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        });
    }

    private static void Write(string path, Dictionary<string, byte[]> entries)
    {
        File.Delete(path);
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] bytes) in entries)
        {
            using Stream stream = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            stream.Write(bytes);
        }
    }

    /// <summary>Reads a row of every column.</summary>
    private static void Use(MLContext ml, ITransformer model)
    {
        IDataView view = model.Transform(ml.Data.LoadFromEnumerable([new LabelRow { Label = 3 }]));
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<uint>>? keys = view.Schema.GetColumnOrNull("Again") is { } again ? cursor.GetGetter<VBuffer<uint>>(again) : null;
        VBuffer<uint> value = default;
        while (cursor.MoveNext())
            keys?.Invoke(ref value);
    }

    /// <summary>Where a stage's own data begin in its Model.key: after ML.NET's header of 128 bytes... which says so itself.</summary>
    private static int HeaderOf(byte[] entry) => entry.Length >= 32 ? (int)Math.Min(BitConverter.ToInt64(entry, 24), entry.Length - 1) : 0;

    private static IEnumerable<(string Name, Dictionary<string, byte[]> Entries)> Attacks(Dictionary<string, byte[]> valid)
    {
        foreach (string name in valid.Keys)
        {
            yield return ($"without {name}", new(valid.Where(entry => entry.Key != name)));
            yield return ($"{name} empty", new(valid) { [name] = [] });
        }
        string weights = valid.Keys.First(name => name.EndsWith(Generation + Weights, StringComparison.Ordinal));
        foreach ((string name, string header) in new[]
        {
            ("weights that claim 256 GB", "{\"a\":{\"dtype\":\"F64\",\"shape\":[34359738368],\"data_offsets\":[0,274877906944]}}"),
            ("weights that claim more than memory", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1125899906842624],\"data_offsets\":[0,4503599627370496]}}"),
            ("weights of no tensors", "{}"),
        })
            yield return (name, new(valid) { [weights] = [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), 0, 0, 0, 0] });
        yield return ("a header that claims 100 MB", new(valid) { [weights] = BitConverter.GetBytes(100_000_000L) });
        byte[] infinite = [.. valid[weights]];
        for (int i = infinite.Length - 4096; i < infinite.Length; i += 4)
            BitConverter.TryWriteBytes(infinite.AsSpan(i), i % 8 == 0 ? float.NaN : float.PositiveInfinity);
        yield return ("NaN and infinite weights", new(valid) { [weights] = infinite });
        yield return ("a path that leaves the folder", new(valid) { ["../../../../tmp/restok-evil"] = [1] });
        foreach (string name in valid.Keys.Where(name => name.EndsWith("Model.key", StringComparison.Ordinal) && name.Contains("/Transform_", StringComparison.Ordinal)))
        {
            // Every four bytes of the options in turn.
            int header = HeaderOf(valid[name]);
            for (int at = header; at < Math.Min(valid[name].Length - 4, header + 160); at++)
            {
                foreach (int number in new[] { -1, int.MaxValue, 1 << 20 })
                {
                    byte[] changed = [.. valid[name]];
                    BitConverter.TryWriteBytes(changed.AsSpan(at), number);
                    yield return ($"{name} with {number} at {at}", new(valid) { [name] = changed });
                }
            }
        }
    }

    internal sealed class LabelRow
    {
        public int Label { get; set; }
    }
}
