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
    private const string Weights = "model.safetensors";

    private static readonly int[] Values = [-1, 0, 1, 7, 255, 4096, 4097, 1 << 20, 1 << 24, int.MaxValue, int.MinValue];

    public static PartFigures Run(PartSettings settings)
    {
        using var fuzzing = new Fuzzing(settings, IsDocumented);
        var ml = new MLContext(seed: 1);
        string zip = Path.Combine(fuzzing.Folder, "pipeline.zip");
        Dictionary<string, byte[]> small = Save(ml, zip, withTokenizer: false), whole = Save(ml, zip, withTokenizer: true);
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

        fuzzing.TryAll([("the valid pipeline", () => Load(small)), ("the longer valid pipeline", () => Load(whole))]);
        if (fuzzing.Figures.Succeeded != 2)
            fuzzing.Figures.Findings.Add("the valid pipelines are refused, so nothing else counts");
        fuzzing.TryAll(Attacks(small).Select(attack => (attack.Name, (Action)(() => Load(attack.Entries)))));
        fuzzing.TryMany(6_000, random =>
        {
            Dictionary<string, byte[]> valid = random.Next(10) == 0 ? whole : small;
            string[] ours = [.. valid.Keys.Where(name => name.Contains("/Transform_", StringComparison.Ordinal) && (name.EndsWith("Model.key", StringComparison.Ordinal) || name.EndsWith(Weights, StringComparison.Ordinal)))];
            string name = ours[random.Next(ours.Length)];
            var changed = new Dictionary<string, byte[]>(valid) { [name] = name.EndsWith(Weights, StringComparison.Ordinal) ? ChangeWeights(valid[name], random) : ChangeStage(valid[name], random) };
            return () => Load(changed);
        });
        return fuzzing.Finish();
    }

    /// <summary>Most changes where the header is, not in the numbers, which may be any.</summary>
    private static byte[] ChangeWeights(byte[] weights, Random random)
    {
        int start = Math.Min(weights.Length, random.Next(4) == 0 ? weights.Length : 4096);
        return [.. Mutator.Change(weights[..start], random), .. weights[start..]];
    }

    /// <summary>Changes the stage's options and its configuration, not what ML.NET keeps around them.</summary>
    private static byte[] ChangeStage(byte[] stage, Random random)
    {
        int start = (int)BitConverter.ToInt64(stage, 16), end = start + (int)BitConverter.ToInt64(stage, 24); // as ML.NET's header says
        byte[] own = stage[start..end];
        switch (random.Next(3))
        {
            case 0:
                own = Encoding.Latin1.GetBytes(Mutator.ChangeNumbers(Encoding.Latin1.GetString(own), random));
                break;
            case 1: // an option of four bytes
                BitConverter.TryWriteBytes(own.AsSpan(Math.Min(random.Next(200), own.Length - 4)), Values[random.Next(Values.Length)]);
                break;
            default:
                own = Mutator.Change(own, random);
                break;
        }
        return [.. stage[..start], .. own, .. stage[end..]];
    }

    /// <summary>
    /// Ours, and what ML.NET itself throws where its part of the file is damaged. A column that was renamed or a value that is out of range
    /// is a fault of the data for it.
    /// </summary>
    private static bool IsDocumented(Exception? fault) => fault switch
    {
        CheckpointException or InvalidDataException or FormatException or ArgumentOutOfRangeException => true,
        ObjectDisposedException => false,
        InvalidOperationException or System.Reflection.TargetInvocationException => (fault is InvalidOperationException && fault.InnerException is null) || IsDocumented(fault.InnerException),
        _ => false,
    };

    private static Dictionary<string, byte[]> Save(MLContext ml, string path, bool withTokenizer)
    {
        using ResTokGenerator generator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        using ResTokTokenizer tokenizer = ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());
        IDataView data = ml.Data.LoadFromEnumerable([new LabelRow()]);
        var generate = new EstimatorChain<ITransformer>().Append(ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = new() { TopK = 16, GuidanceScale = 2 } }));
        IEstimator<ITransformer> pipeline = !withTokenizer
            ? generate
            : generate.Append(ml.Transforms.ResTokDecode("Image", "Tokens", tokenizer, tokenCount: 4))
                .Append(ml.Transforms.ResTokEncode("Again", "Image", tokenizer, new() { LatentsColumnName = "Latents", TokensAsKeys = true }));
        ITransformer model = pipeline.Fit(data);
        ml.Model.Save(model, data.Schema, path);
        (model as IDisposable)?.Dispose();
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
        ValueGetter<VBuffer<uint>>? again = view.Schema.GetColumnOrNull("Again") is { Type: VectorDataViewType { ItemType: KeyDataViewType } } keys ? cursor.GetGetter<VBuffer<uint>>(keys) : null;
        ValueGetter<VBuffer<int>>? generated = view.Schema.GetColumnOrNull("Tokens") is { Type: VectorDataViewType { ItemType: NumberDataViewType } } tokens ? cursor.GetGetter<VBuffer<int>>(tokens) : null;
        VBuffer<uint> key = default;
        VBuffer<int> token = default;
        while (cursor.MoveNext())
        {
            generated?.Invoke(ref token);
            again?.Invoke(ref key);
        }
    }

    private static IEnumerable<(string Name, Dictionary<string, byte[]> Entries)> Attacks(Dictionary<string, byte[]> valid)
    {
        foreach (string name in valid.Keys)
        {
            yield return ($"without {name}", new(valid.Where(entry => entry.Key != name)));
            yield return ($"{name} empty", new(valid) { [name] = [] });
        }
        string weights = valid.Keys.First(name => name.EndsWith(Weights, StringComparison.Ordinal));
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
    }

    internal sealed class LabelRow
    {
        public int Label { get; set; }
    }
}
