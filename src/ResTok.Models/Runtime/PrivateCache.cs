using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ResTok.Models.Runtime;

/// <summary>Files that the process will run, kept where no other user can change them. For Linux on x64.</summary>
internal static partial class PrivateCache
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const uint CloseOnExec = 1; // MFD_CLOEXEC
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Where such files may be kept, best first: the user's cache, also where it is not made yet, and the folder for temporary files.</summary>
    public static IReadOnlyList<string> Folders(Func<string, string?> environment)
    {
        string? cache = environment("XDG_CACHE_HOME") is { Length: > 0 } given && Path.IsPathRooted(given) ? given
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home ? Path.Combine(home, ".cache")
            : null;
        string temporary = Path.Combine(Path.GetTempPath(), $"restok-{EffectiveUser()}");
        return [.. cache is null ? Array.Empty<string>() : [Path.Combine(cache, "restok", "native")], temporary];
    }

    /// <summary>Puts a file under the first of some folders that takes it, or, where none does, into memory.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="TorchRuntimeException">Not even memory takes it.</exception>
    [SupportedOSPlatform("linux")]
    public static string Place(IEnumerable<string> roots, string folderName, string fileName, byte[] content)
    {
        var refusals = new List<string>();
        foreach (string root in roots)
        {
            try
            {
                return Place(root, folderName, fileName, content);
            }
            catch (TorchRuntimeException refusal)
            {
                refusals.Add(refusal.Message);
            }
        }
        int memory = CreateInMemory(fileName, CloseOnExec);
        if (memory < 0)
            throw new TorchRuntimeException(string.Join(" ", refusals));
        using (var stream = new FileStream(new SafeFileHandle(memory, ownsHandle: false), FileAccess.Write)) // stays open: it is the file
            stream.Write(content);
        return $"/proc/self/fd/{memory}";
    }

    /// <summary>Puts a file with exactly this content under a folder, or finds it there.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="TorchRuntimeException">The folder cannot be written, or another user could change it.</exception>
    [SupportedOSPlatform("linux")]
    public static string Place(string root, string folderName, string fileName, byte[] content)
    {
        string folder = Path.Combine(root, folderName), file = Path.Combine(folder, fileName);
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            foreach (string level in new[] { root, folder })
            {
                if (!IsPrivate(level))
                    throw new TorchRuntimeException($"{level} is a link, belongs to another user or can be written by others, so no library is loaded from it. Remove it, or point XDG_CACHE_HOME at a folder of your own.");
            }
            if (File.Exists(file) && IsPrivate(file) && File.ReadAllBytes(file).AsSpan().SequenceEqual(content))
                return file;

            // Another process may do the same: each writes a file of its own, and the last rename wins with equal content.
            string temporary = Path.Combine(folder, $"{fileName}.{Guid.NewGuid():N}.tmp");
            try
            {
                using (var stream = new FileStream(temporary, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly,
                }))
                {
                    stream.Write(content);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(temporary, file, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
            return file;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TorchRuntimeException($"The relinked library cannot be written to {folder}: {fault.Message} Point XDG_CACHE_HOME at a folder that can be written.", fault);
        }
    }

    /// <summary>Whether a path itself (no link) belongs to this user and only the user can write it.</summary>
    [SupportedOSPlatform("linux")]
    private static bool IsPrivate(string path)
    {
        Span<byte> status = stackalloc byte[144]; // struct stat of glibc on x64: mode at 24, user at 28
        if (ReadStatus(path, status) != 0)
            return false;
        var mode = (UnixFileMode)(BinaryPrimitives.ReadUInt32LittleEndian(status[24..]) & 0xfff);
        bool link = (BinaryPrimitives.ReadUInt32LittleEndian(status[24..]) & 0xf000) == 0xa000;
        return !link && (mode & OthersWrite) == 0 && BinaryPrimitives.ReadUInt32LittleEndian(status[28..]) == EffectiveUser();
    }

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ReadStatus(string path, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateInMemory(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
