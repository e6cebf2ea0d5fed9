using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

public class AtomicFileTests
{
    [Fact]
    public void A_fault_in_the_second_file_changes_neither()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a"], "old a");
        File.WriteAllText(folder["b"], "old b");
        Assert.Throws<IOException>(() => AtomicFile.Write((folder["a"], stream => stream.Write("new"u8)), (folder["b"], _ => throw new IOException("No space left on device"))));
        Assert.Equal("old a", File.ReadAllText(folder["a"]));
        Assert.Equal("old b", File.ReadAllText(folder["b"]));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void All_files_are_replaced()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a"], "old a");
        AtomicFile.Write((folder["a"], stream => stream.Write("new a"u8)), (folder["b"], stream => stream.Write("new b"u8)));
        Assert.Equal("new a", File.ReadAllText(folder["a"]));
        Assert.Equal("new b", File.ReadAllText(folder["b"]));
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_once_it_is_old()
    {
        using var folder = new TemporaryFolder();
        string Left(string name, int hours)
        {
            File.WriteAllText(folder[name], "half");
            File.SetLastWriteTimeUtc(folder[name], DateTime.UtcNow.AddHours(-hours));
            return name;
        }

        _ = Left($"a.{Guid.NewGuid():N}.tmp", hours: 2);
        string[] kept = [Left($"a.{Guid.NewGuid():N}.tmp", hours: 0), Left("a.tmp", hours: 2), Left("a.mine.tmp", hours: 2), Left($"b.{Guid.NewGuid():N}.tmp", hours: 2)];
        AtomicFile.Write(folder["a"], stream => stream.Write("new"u8));
        Assert.Equal(kept.Append("a").Order(StringComparer.Ordinal), Directory.GetFiles(folder.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }
}
