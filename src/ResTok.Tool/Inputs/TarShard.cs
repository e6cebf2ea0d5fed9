using System.Formats.Tar;
using System.Text;
using System.Text.Json;

namespace ResTok.Tool.Inputs;

/// <summary>
/// A webdataset tar shard: consecutive files of one name up to its first dot are a sample, of which an image is read and the label of
/// <c>.cls</c> or <c>.json</c>. A gzipped shard is unpacked on the way.
/// </summary>
internal sealed class TarShard(string path) : IImageSource
{
    private const int LargestText = 1 << 20;
    private static readonly string[] LabelKeys = ["label", "cls", "class_id", "class"];

    public string Name => path;

    public long Count()
    {
        using Stream stream = Open();
        using var tar = new TarReader(stream);
        long count = 0;
        string? last = null;
        try
        {
            while (tar.GetNextEntry() is { } entry)
            {
                if (!IsFile(entry))
                    continue;
                string key = Split(entry.Name).Key;
                if (key != last)
                    count++;
                last = key;
            }
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            count++; // Read says what is wrong
        }
        return count;
    }

    public IEnumerable<InputImage> Read()
    {
        using Stream stream = Open();
        using var tar = new TarReader(stream);
        Sample? sample = null;
        while (true)
        {
            TarEntry? entry = null;
            byte[]? content = null;
            Exception? damage = null;
            string key = "", ending = "";
            try
            {
                do
                    entry = tar.GetNextEntry();
                while (entry is not null && !IsFile(entry));
                if (entry is not null)
                {
                    (key, ending) = Split(entry.Name);
                    content = ImageFiles.IsImage(entry.Name) || ending is "cls" or "json" ? Content(entry) : null;
                }
            }
            catch (Exception fault) when (IsDamage(fault))
            {
                damage = fault;
            }
            if (sample is not null && (entry is null || damage is not null || key != sample.Key))
            {
                yield return sample.ToImage(path);
                sample = null;
            }
            if (damage is not null)
            {
                string message = $"'{path}' is damaged or cut short{(key.Length > 0 ? $" at '{key}'" : "")}: {damage.Message} What follows in it is lost. Copy or download it again.";
                yield return new(path, null, () => throw new InvalidDataException(message));
                yield break;
            }
            if (entry is null)
                yield break;
            sample ??= new(key);
            if (content is not null)
                sample.Add(ending, content);
        }
    }

    private static bool IsFile(TarEntry entry) => entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;

    private static bool IsDamage(Exception fault) => fault is InvalidDataException or EndOfStreamException or FormatException or ArgumentException;

    /// <summary>A sample's key and a file's part in it, as webdataset has them.</summary>
    private static (string Key, string Ending) Split(string name)
    {
        int dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }

    private static byte[] Content(TarEntry entry)
    {
        if (entry.DataStream is not { } data)
            return [];
        var content = new byte[entry.Length];
        data.ReadExactly(content);
        return content;
    }

    private Stream Open()
    {
        FileStream file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[2];
        bool isGzip = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        file.Position = 0;
        return isGzip ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress) : file;
    }

    private sealed class Sample(string key)
    {
        private byte[]? image;
        private byte[]? cls;
        private byte[]? json;

        public string Key => key;

        public void Add(string ending, byte[] content)
        {
            if (ending == "cls")
                cls = content;
            else if (ending == "json")
                json = content;
            else
                image ??= content;
        }

        public InputImage ToImage(string path)
        {
            if (image is not { } content)
                return new(key, null, () => throw new InvalidDataException($"Sample '{key}' of '{path}' has no image."));
            if (!TryReadLabel(out int? label))
                return new(key, null, () => throw new InvalidDataException($"The label of sample '{key}' of '{path}' is no integer."));
            return new(key, label, () => content);
        }

        private bool TryReadLabel(out int? label)
        {
            label = null;
            if (cls is not null)
            {
                bool isNumber = int.TryParse(Encoding.UTF8.GetString(cls).Trim(), out int number);
                label = isNumber ? number : null;
                return isNumber;
            }
            if (json is null || json.Length > LargestText)
                return true;
            try
            {
                using JsonDocument document = JsonDocument.Parse(json);
                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    foreach (string name in LabelKeys)
                    {
                        if (document.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number)
                        {
                            if (!value.TryGetInt32(out int number))
                                return false;
                            label = number;
                            return true;
                        }
                    }
                }
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }
}
