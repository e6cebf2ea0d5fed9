namespace ResTok.Models.Checkpoints;

/// <summary>
/// Files that are replaced whole or not at all. A process that is killed leaves <c>FILE.GUID.tmp</c>, which nobody takes for the file,
/// and which the next writer of the same file removes once it is old enough to be nobody's.
/// </summary>
internal static class AtomicFile
{
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1); // whoever still writes has touched it since

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
            {
                File.Move(temporary, path, overwrite: true);
                RemoveAbandoned(path);
            }
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

    /// <summary>
    /// The same for folders of very many files: nothing waits for the disk or lists the folder. What a killed process leaves has one name,
    /// and is replaced by whoever writes the file again.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes to the path that it gets, whose ending is the file's.</param>
    public static void WriteOneOfMany(string path, Action<string> write)
    {
        string temporary = Path.ChangeExtension(path, ".~tmp" + Path.GetExtension(path));
        try
        {
            write(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void RemoveAbandoned(string path)
    {
        string name = Path.GetFileName(path) + ".";
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, name + "*.tmp"))
        {
            if (!Guid.TryParseExact(Path.GetFileName(file)[name.Length..^".tmp".Length], "N", out _) || DateTime.UtcNow - File.GetLastWriteTimeUtc(file) < Abandoned)
                continue;
            try
            {
                File.Delete(file);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // What was to be written is written; the next writer tries again.
            }
        }
    }
}
