using System.Text;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// One repository's part of the cache, laid out as <c>huggingface_hub</c> does: <c>blobs/CHECKSUM</c> are the contents,
/// <c>snapshots/COMMIT/FILE</c> relative links to them, <c>refs/REVISION</c> the commit that a branch or tag was last seen at.
/// </summary>
internal sealed class HubCache(HubOptions options, string repository)
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    private readonly string folderName = $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}";

    private string Root => Path.Combine(Path.GetFullPath(options.CacheFolder), folderName);

    private string ReferencePath => Path.Combine([Root, "refs", .. options.Revision.Split('/')]);

    /// <summary>The snapshot of the wanted revision, if all that a model needs is there.</summary>
    public string? FindSnapshot()
    {
        string? commit = HubNames.IsCommit(options.Revision) ? options.Revision
            : File.Exists(ReferencePath) ? File.ReadAllText(ReferencePath).Trim()
            : null;
        return commit is not null && HubNames.IsCommit(commit) && CheckpointLayout.IsComplete(Snapshot(commit)) ? Snapshot(commit) : null;
    }

    public string Snapshot(string commit) => Path.Combine(Root, "snapshots", commit);

    public string Blob(HubFile file) => Path.Combine(Root, "blobs", file.Checksum);

    /// <summary>Where a snapshot has a file.</summary>
    public string Pointer(HubFile file) => Path.Combine([Snapshot(file.Commit), .. file.Name.Split('/')]);

    /// <summary>Notes that the wanted revision is at a commit.</summary>
    public void SetReference(string commit)
    {
        if (options.Revision == commit || (File.Exists(ReferencePath) && File.ReadAllText(ReferencePath) == commit))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(ReferencePath)!);
        AtomicFile.Write(ReferencePath, stream => stream.Write(Encoding.ASCII.GetBytes(commit)));
    }

    /// <summary>Waits until no other process or task works on a content. Python takes the same lock.</summary>
    /// <returns>The lock, held until it is disposed.</returns>
    public async Task<IDisposable> LockAsync(HubFile file, CancellationToken cancellation)
    {
        string folder = Path.Combine(Path.GetFullPath(options.CacheFolder), ".locks", folderName);
        Directory.CreateDirectory(folder);
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, $"{file.Checksum}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException fault) when (IsHeld(fault))
            {
                await Task.Delay(LockPoll, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Puts a content that is complete into its snapshot.</summary>
    /// <param name="file">Its place.</param>
    /// <param name="isNew">Whether no other snapshot can need the blob yet.</param>
    public void Link(HubFile file, bool isNew)
    {
        string pointer = Pointer(file), folder = Path.GetDirectoryName(pointer)!, blob = Blob(file);
        Directory.CreateDirectory(folder);
        File.Delete(pointer); // a link to nothing
        if (options.UseLinks && TryLink(pointer, Path.GetRelativePath(folder, blob)))
            return;
        if (isNew)
        {
            File.Move(blob, pointer);
            return;
        }
        AtomicFile.Write(pointer, stream =>
        {
            using FileStream source = File.OpenRead(blob);
            source.CopyTo(stream);
        });
    }

    /// <summary>Windows lets only developers and administrators make links, and some file systems have none.</summary>
    private static bool TryLink(string pointer, string target)
    {
        try
        {
            File.CreateSymbolicLink(pointer, target);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether a file could not be opened because somebody else has it: a sharing or lock violation, or EWOULDBLOCK.</summary>
    private static bool IsHeld(IOException fault) => OperatingSystem.IsWindows()
        ? (fault.HResult & 0xffff) is 32 or 33
        : fault.HResult == (OperatingSystem.IsLinux() ? 11 : 35);
}
