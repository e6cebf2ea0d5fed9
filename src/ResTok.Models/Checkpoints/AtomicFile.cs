namespace ResTok.Models.Checkpoints;

/// <summary>Files that are replaced whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes beside the file, to disk, and then renames.</summary>
    public static void Write(string path, Action<Stream> write) => Write((path, write));

    /// <summary>Writes beside all files, to disk, and then renames: a full disk changes none of them.</summary>
    public static void Write(params (string Path, Action<Stream> Write)[] files)
    {
        (string Temporary, string Path)[] places = [.. files.Select(file => ($"{file.Path}.{Guid.NewGuid():N}.tmp", file.Path))];
        try
        {
            for (int i = 0; i < files.Length; i++)
            {
                using var stream = new FileStream(places[i].Temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
                files[i].Write(stream);
                stream.Flush(flushToDisk: true);
            }
            foreach ((string temporary, string path) in places)
                File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException fault) // what FileStream makes of EFBIG
        {
            throw new IOException($"{files[^1].Path} or a file written with it is larger than its file system allows: {fault.Message}", fault);
        }
        finally
        {
            foreach ((string temporary, _) in places)
                File.Delete(temporary);
        }
    }
}
