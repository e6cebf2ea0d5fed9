using System.Security.Cryptography;
using System.Text;
using ResTok.Models.Checkpoints;
using ResTok.Tool.Inputs;

namespace ResTok.Tool.Plans;

/// <summary>A folder with a plan, its shards and their manifests, which any number of workers fill, on any machines that see it.</summary>
internal sealed class PlanFolder
{
    public const string PlanFile = "plan.json";

    /// <summary>Paths, ids and labels of single images, one a line.</summary>
    public const string ListFile = "inputs.tsv";

    private string[]? list;

    private PlanFolder(string path, Plan plan, byte[] json)
    {
        Root = path;
        Plan = plan;
        Hash = Convert.ToHexStringLower(SHA256.HashData(json));
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    public Plan Plan { get; }

    /// <summary>SHA-256 of the plan.</summary>
    public string Hash { get; }

    /// <summary>Whether a folder has a plan.</summary>
    public static bool IsThere(string folder) => File.Exists(Path.Combine(folder, PlanFile));

    /// <exception cref="FileNotFoundException">There is no plan.</exception>
    /// <exception cref="InvalidDataException">It cannot be used.</exception>
    public static PlanFolder Open(string folder)
    {
        string root = Path.GetFullPath(folder), path = Path.Combine(root, PlanFile);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no plan in '{folder}'. Make one with restok plan.", path);
        byte[] json = File.ReadAllBytes(path);
        return new(root, Plan.FromJson(json, path), json);
    }

    /// <summary>Writes a plan, or finds that the same is there.</summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="files">What its list shards name.</param>
    /// <exception cref="InvalidDataException">Another plan is there.</exception>
    public static PlanFolder Create(string folder, Plan plan, IReadOnlyList<ImageFiles.Entry> files)
    {
        string root = Directory.CreateDirectory(folder).FullName, path = Path.Combine(root, PlanFile);
        byte[] json = plan.ToJson(), lines = Lines(files);
        if (File.Exists(path))
        {
            bool isSame = File.ReadAllBytes(path).AsSpan().SequenceEqual(json)
                && (files.Count == 0 || File.ReadAllBytes(Path.Combine(root, ListFile)).AsSpan().SequenceEqual(lines));
            return isSame ? Open(root) : throw new InvalidDataException(
                $"'{folder}' has another plan: other inputs, options, model or version. Go on with that one (--plan {folder}), or use another folder.");
        }
        if (files.Count > 0)
            AtomicFile.Write(Path.Combine(root, ListFile), stream => stream.Write(lines));
        AtomicFile.Write(path, stream => stream.Write(json));
        return Open(root);
    }

    public string PathOf(PlanShard shard) => Path.Combine(Root, shard.Name + Plan.Ending);

    public string ManifestOf(PlanShard shard) => Path.Combine(Root, shard.Name + ".json");

    /// <summary>A shard's manifest, or null where it is not done.</summary>
    /// <exception cref="InvalidDataException">It was made by another plan, or its manifest is damaged.</exception>
    public ShardManifest? Find(PlanShard shard)
    {
        string path = ManifestOf(shard);
        if (!File.Exists(path))
            return null;
        ShardManifest manifest = ShardManifest.Read(path);
        return manifest.PlanSha256 == Hash ? manifest
            : throw new InvalidDataException($"'{path}' is of another plan than {Path.Combine(Root, PlanFile)}. Remove it, and the shard is made again.");
    }

    /// <summary>The images of a shard.</summary>
    /// <exception cref="InvalidDataException">Its input is no longer what was planned.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IImageSource Open(PlanShard shard)
    {
        if (shard.Path == ListFile)
        {
            list ??= File.ReadAllLines(Path.Combine(Root, ListFile));
            return new ImageFiles(shard.Name, [.. list.Skip((int)shard.First).Take((int)shard.Rows).Select(Entry)]);
        }
        string path = shard.Path ?? throw new InvalidDataException($"Shard {shard.Name} has no input.");
        long bytes = new FileInfo(path).Length;
        if (bytes != shard.Bytes)
            throw new InvalidDataException($"'{path}' has {bytes} bytes, but had {shard.Bytes} when this was planned. Plan anew, in another folder.");
        return ImageSources.OfFile(path) ?? throw new InvalidDataException($"'{path}' is no shard of images.");
    }

    private static byte[] Lines(IReadOnlyList<ImageFiles.Entry> files)
    {
        var text = new StringBuilder();
        foreach (ImageFiles.Entry file in files)
        {
            if (file.Path.AsSpan().IndexOfAny('\t', '\n', '\r') >= 0)
                throw new InvalidDataException($"The path '{file.Path}' has a tab or a line's end in it. Rename the file.");
            text.Append(file.Path).Append('\t').Append(file.Id).Append('\t').Append(file.Label).Append('\n');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static ImageFiles.Entry Entry(string line)
    {
        string[] parts = line.Split('\t');
        return parts.Length == 3 ? new(parts[0], parts[1], parts[2].Length > 0 ? int.Parse(parts[2]) : null)
            : throw new InvalidDataException($"{ListFile} is damaged: '{line}'.");
    }
}
