using System.Globalization;
using System.Runtime.InteropServices;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.Work;

/// <summary>
/// Tokens in the layout of the reference's extraction: <c>NAME_codes/0.npy</c> with int64 [views, N] of an image, <c>NAME_labels/0.npy</c>
/// with its class, numbered without gaps, as its training wants them; <c>NAME_ids.txt</c> says which image is which. Each file gets its
/// name when it is whole.
/// </summary>
internal sealed class NpyCodes : IDisposable
{
    private readonly string codes;
    private readonly string labels;
    private readonly string idsPath;
    private readonly StreamWriter ids;
    private readonly List<long> views = [];
    private (string Id, int Label)? image;
    private int viewCount;

    /// <param name="folder">Where to.</param>
    /// <param name="name">The data set and the side of its images, such as <c>imagenet256</c>.</param>
    public NpyCodes(string folder, string name)
    {
        codes = Directory.CreateDirectory(Path.Combine(folder, $"{name}_codes")).FullName;
        labels = Directory.CreateDirectory(Path.Combine(folder, $"{name}_labels")).FullName;
        idsPath = Path.Combine(folder, $"{name}_ids.txt");
        ids = new(idsPath + ".tmp");
    }

    /// <summary>Images written.</summary>
    public long Count { get; private set; }

    /// <summary>A <see cref="TokenSink"/>: views of an image come one after another from 0.</summary>
    /// <exception cref="InvalidDataException">The image has no label, which the layout needs.</exception>
    public void Add(string? id, int? label, int view, ReadOnlySpan<int> tokens)
    {
        if (view == 0)
            Flush();
        image = (id ?? "", label ?? throw new InvalidDataException($"'{id}' has no label, but --format npy needs one of every image. Put images into class folders, or give shards with .cls."));
        foreach (int token in tokens)
            views.Add(token);
        viewCount = view + 1;
    }

    /// <summary>Writes the last image, and what the images are called.</summary>
    public void Complete()
    {
        Flush();
        ids.Dispose();
        File.Move(idsPath + ".tmp", idsPath, overwrite: true);
    }

    public void Dispose() => ids.Dispose();

    private void Flush()
    {
        if (image is not { } current)
            return;
        string name = Count.ToString(CultureInfo.InvariantCulture) + ".npy";
        Write(Path.Combine(codes, name), $"({viewCount}, {views.Count / viewCount})", [.. views]);
        Write(Path.Combine(labels, name), "()", [current.Label]);
        ids.WriteLine(current.Id);
        views.Clear();
        image = null;
        Count++;
    }

    private static void Write(string path, string shape, long[] values) => AtomicFile.WriteOneOfMany(path, temporary =>
    {
        using FileStream file = File.Create(temporary);
        NpyArray.WriteHead(file, "<i8", shape);
        file.Write(MemoryMarshal.AsBytes<long>(values));
    });
}
