using System.Runtime.Versioning;
using ResTok.Models.Runtime;

namespace ResTok.Models.Tests.Runtime;

[SupportedOSPlatform("linux")]
public class NativeLoaderTests
{
    private static string Bridge => NativeLibraries.Find(NativeLibraries.SearchFolders(), TorchRuntime.BridgeFile)!;

    [Fact]
    public void The_copy_asks_for_an_older_library_and_differs_in_a_few_bytes()
    {
        byte[] original = File.ReadAllBytes(Bridge), copy = ElfRelinker.Relink(original);
        Assert.Contains("GLIBCXX_3.4.32", ElfRelinker.StrictVersions(original));
        Assert.Contains("GLIBCXX_3.4.30", ElfRelinker.StrictVersions(original));
        Assert.DoesNotContain("GLIBCXX_3.4.32", ElfRelinker.StrictVersions(copy));
        Assert.DoesNotContain("GLIBCXX_3.4.30", ElfRelinker.StrictVersions(copy)); // RHEL 9 ends at 3.4.29
        Assert.Equal(original.Length, copy.Length);
        Assert.Equal(3, original.Zip(copy).Count(pair => pair.First != pair.Second));
    }

    [Theory]
    [InlineData(0, "no little-endian")]
    [InlineData(100, "cut short")]
    [InlineData(1_000_000, "cut short")]
    public void Only_such_a_library_is_relinked(int length, string why)
    {
        byte[] part = File.ReadAllBytes(Bridge)[..length];
        if (length == 0)
            part = new byte[64];
        Assert.Contains(why, Assert.Throws<InvalidDataException>(() => ElfRelinker.Relink(part)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_copy_is_private_and_restored_when_tampered_with()
    {
        using var folder = new TemporaryFolder();
        string path = TorchRuntime.Compatible(Bridge, null, [folder["cache"]]);
        byte[] good = File.ReadAllBytes(path);
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(owner, File.GetUnixFileMode(path));
        Assert.Equal(owner, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        File.WriteAllBytes(path, good[..1000]);
        Assert.Equal(path, TorchRuntime.Compatible(Bridge, null, [folder["cache"]]));
        Assert.Equal(good, File.ReadAllBytes(path));
    }

    [Fact]
    public void Sixteen_writers_at_once_leave_one_good_file()
    {
        using var folder = new TemporaryFolder();
        byte[] content = new byte[300_000];
        Random.Shared.NextBytes(content);
        Parallel.For(0, 16, _ => Assert.Equal(content, File.ReadAllBytes(PrivateCache.Place(folder["cache"], "a", "file", content))));
        Assert.Equal(["file"], Directory.GetFiles(Path.Combine(folder["cache"], "a")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_folder_that_others_could_change_is_refused()
    {
        using var folder = new TemporaryFolder();
        string open = Directory.CreateDirectory(folder["open"]).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0x1ff);
        Assert.Contains(open, Assert.Throws<TorchRuntimeException>(() => PrivateCache.Place(open, "a", "file", [1])).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(folder["real"], (UnixFileMode)0x1c0);
        Directory.CreateSymbolicLink(folder["link"], folder["real"]);
        Assert.Contains("is a link", Assert.Throws<TorchRuntimeException>(() => PrivateCache.Place(folder["link"], "a", "file", [1])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["file"], "");
        Assert.Contains("XDG_CACHE_HOME", Assert.Throws<TorchRuntimeException>(() => PrivateCache.Place(folder["file"], "a", "file", [1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_in_place_of_the_file_is_replaced_not_followed()
    {
        using var folder = new TemporaryFolder();
        string path = PrivateCache.Place(folder["cache"], "a", "file", [1, 2]);
        File.Move(path, folder["victim"]);
        File.CreateSymbolicLink(path, folder["victim"]);
        Assert.Equal([3], File.ReadAllBytes(PrivateCache.Place(folder["cache"], "a", "file", [3])));
        Assert.Equal([1, 2], File.ReadAllBytes(folder["victim"]));
    }

    [Fact]
    public void Where_no_folder_takes_it_the_copy_is_in_memory()
    {
        byte[] content = [1, 2, 3];
        string path = PrivateCache.Place(["/proc/nowhere", "/dev/null/nowhere"], "a", "file", content);
        Assert.StartsWith("/proc/self/fd/", path, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(path));
        using var folder = new TemporaryFolder();
        Assert.Equal(folder["cache/a/file"], PrivateCache.Place(["/proc/nowhere", folder["cache"]], "a", "file", content));
    }

    [Fact]
    public void A_cache_folder_that_is_not_made_yet_counts()
    {
        Assert.Equal("/not/made/restok/native", PrivateCache.Folders(name => name == "XDG_CACHE_HOME" ? "/not/made" : null)[0]);
        IReadOnlyList<string> folders = PrivateCache.Folders(_ => null);
        Assert.All(folders, folder => Assert.True(Path.IsPathRooted(folder), folder));
        Assert.EndsWith(".cache/restok/native", folders[0], StringComparison.Ordinal);
        Assert.StartsWith(Path.GetTempPath(), folders[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_say_what_is_missing_and_what_to_do()
    {
        using var folder = new TemporaryFolder();
        string off = Assert.Throws<TorchRuntimeException>(() => TorchRuntime.Compatible(Bridge, "0", [folder["cache"]])).Message;
        Assert.Contains("GLIBCXX_3.4.32", off, StringComparison.Ordinal);
        Assert.Contains("RESTOK_NATIVE_COMPAT", off, StringComparison.Ordinal);
        Assert.Matches(@"has GLIBCXX_3\.4\.\d+", off);
        byte[] other = File.ReadAllBytes(Bridge);
        other[^1] ^= 1;
        File.WriteAllBytes(folder["other.so"], other);
        string unknown = Assert.Throws<TorchRuntimeException>(() => TorchRuntime.Compatible(folder["other.so"], null, [folder["cache"]])).Message;
        Assert.Contains("SHA-256", unknown, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["cache"]));
        string missing = Assert.Throws<TorchRuntimeException>(() => TorchRuntime.LoadOnLinux([folder.Path])).Message;
        Assert.Contains("TorchSharp-cpu", missing, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cuda-linux", missing, StringComparison.Ordinal);
    }
}
