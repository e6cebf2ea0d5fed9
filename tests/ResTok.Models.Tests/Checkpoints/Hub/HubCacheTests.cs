using System.Text;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints.Hub;

/// <summary>The cache that is shared with Python, with other processes and with full disks.</summary>
public sealed class HubCacheTests : IDisposable
{
    private readonly FakeHub hub = new();

    private int Gets => hub.Calls.Count(call => call.Method == "GET");

    public void Dispose() => hub.Dispose();

    [Fact]
    public async Task A_model_is_kept_as_huggingface_hub_keeps_it_and_fetched_once()
    {
        Assert.Equal(hub.Snapshot, await hub.DownloadAsync());
        foreach (string file in hub.Files.Keys)
        {
            Assert.Equal(Path.Combine("..", "..", "blobs", hub.Checksum(file)), new FileInfo(Path.Combine(hub.Snapshot, file)).LinkTarget);
            Assert.Equal(hub.Files[file], File.ReadAllBytes(hub.Blob(file)));
        }
        Assert.Equal(hub.Commit, File.ReadAllText(Path.Combine(hub.Cache, "refs", "main")));
        Assert.Equal(["blobs", "refs", "snapshots"], Directory.GetDirectories(hub.Cache).Select(Path.GetFileName).Order());

        int calls = hub.Calls.Length;
        Assert.Equal(hub.Snapshot, await hub.DownloadAsync());
        Assert.Equal(calls + 1, hub.Calls.Length); // whether main is still there
        Assert.Equal(hub.Snapshot, await HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Revision = hub.Commit }));
        Assert.Equal(calls + 1, hub.Calls.Length); // a commit cannot change
        await HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Revision = "refs/pr/1" });
        Assert.Equal(hub.Commit, File.ReadAllText(Path.Combine(hub.Cache, "refs", "refs", "pr", "1")));
        Assert.Equal(2, Gets);
    }

    [Fact]
    public async Task A_model_that_Python_fetched_is_found_and_one_with_a_part_missing_is_completed()
    {
        void Write(string path, byte[] content)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
        Write(Path.Combine(hub.Cache, "refs", "main"), Encoding.ASCII.GetBytes(hub.Commit));
        Directory.CreateDirectory(hub.Snapshot);
        foreach (string file in hub.Files.Keys)
        {
            Write(hub.Blob(file), hub.Files[file]);
            File.CreateSymbolicLink(Path.Combine(hub.Snapshot, file), $"../../blobs/{hub.Checksum(file)}");
        }
        Assert.Equal(hub.Snapshot, HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));
        Assert.Equal(hub.Snapshot, await hub.DownloadAsync());
        Assert.Equal(0, Gets);

        File.Delete(hub.Blob(FakeHub.Weights)); // leaves a link to nothing
        Assert.Null(HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));
        Assert.Equal(hub.Snapshot, await hub.DownloadAsync());
        Assert.Equal(1, Gets);
        Assert.Equal(hub.Files[FakeHub.Weights], File.ReadAllBytes(Path.Combine(hub.Snapshot, FakeHub.Weights)));
    }

    [Fact]
    public async Task Shards_are_fetched_through_their_index_and_stay_in_their_folder()
    {
        hub.Files.Remove(FakeHub.Weights);
        hub.Files["model.safetensors.index.json"] = """{"weight_map":{"a":"b.safetensors","c":"d.safetensors","e":"b.safetensors"}}"""u8.ToArray();
        hub.Files["b.safetensors"] = FakeHub.RandomBytes(1000);
        Assert.Contains("has no d.safetensors", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync())).Message, StringComparison.Ordinal);
        Assert.Null(HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));
        hub.Files["d.safetensors"] = FakeHub.RandomBytes(2000);
        string folder = await hub.DownloadAsync();
        Assert.Equal(hub.Files.Keys.Order(), Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(4, Gets);

        hub.Files["model.safetensors.index.json"] = """{"weight_map":{"a":"../../../evil.safetensors"}}"""u8.ToArray();
        hub.Commit = new('d', 40);
        Assert.Contains("../../../evil", (await Assert.ThrowsAsync<CheckpointException>(() => hub.DownloadAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PyTorch_weights_are_taken_where_there_are_no_others()
    {
        hub.Files["pytorch_model.bin"] = hub.Files[FakeHub.Weights];
        hub.Files.Remove(FakeHub.Weights);
        Assert.Equal(["config.json", "pytorch_model.bin"], Directory.GetFiles(await hub.DownloadAsync()).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_branch_that_moves_meanwhile_gives_one_version()
    {
        string old = hub.Commit;
        bool moved = false;
        hub.Misbehave = call =>
        {
            if (!call.Target.Contains("/resolve/main/", StringComparison.Ordinal))
                return moved && call.Target.Contains(old, StringComparison.Ordinal) ? null : HttpAnswer.Refusal(500);
            moved = true;
            return null;
        };
        await hub.DownloadAsync();
        Assert.All(hub.Calls.Skip(1), call => Assert.Contains($"/resolve/{old}/", call.Target, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_version_shares_what_did_not_change_and_a_failed_one_leaves_the_old()
    {
        string old = await hub.DownloadAsync();
        hub.Commit = new('d', 40);
        hub.Files["config.json"] = """{"new":1}"""u8.ToArray();
        hub.Misbehave = call => call.Gets("config.json") ? HttpAnswer.Refusal(500) : null;
        await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Equal(old, HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));

        hub.Misbehave = null;
        Assert.Equal(hub.Snapshot, await hub.DownloadAsync());
        Assert.Single(hub.Calls, call => call.Gets(FakeHub.Weights));
        Assert.Equal(hub.Snapshot, HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));
    }

    [Fact]
    public async Task Two_at_once_fetch_every_file_once()
    {
        string[] folders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => hub.DownloadAsync())));
        Assert.All(folders, folder => Assert.Equal(hub.Snapshot, folder));
        Assert.Equal(2, Gets);
    }

    [Fact]
    public async Task A_file_that_another_process_has_locked_is_waited_for()
    {
        string locks = Path.Combine(hub.Home, "hub", ".locks", FakeHub.Folder);
        Directory.CreateDirectory(locks);
        Task<string> download;
        using (new FileStream(Path.Combine(locks, $"{hub.Checksum("config.json")}.lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        {
            download = hub.DownloadAsync();
            while (hub.Calls.Length < 2) // both files are asked about before the first is fetched
                await Task.Delay(10);
            Directory.CreateDirectory(hub.Snapshot);
            File.WriteAllBytes(Path.Combine(hub.Snapshot, "config.json"), hub.Files["config.json"]);
        }
        await download;
        Assert.DoesNotContain(hub.Calls, call => call.Gets("config.json"));
    }

    [Fact]
    public async Task Where_links_cannot_be_made_the_files_themselves_are_there()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(hub.Blob("config.json"))!);
        File.WriteAllBytes(hub.Blob("config.json"), hub.Files["config.json"]); // another snapshot may need it
        string folder = await hub.DownloadAsync(("HF_HUB_DISABLE_SYMLINKS", "1"));
        foreach (string file in hub.Files.Keys)
        {
            Assert.Null(new FileInfo(Path.Combine(folder, file)).LinkTarget);
            Assert.Equal(hub.Files[file], File.ReadAllBytes(Path.Combine(folder, file)));
        }
        Assert.Equal([hub.Blob("config.json")], Directory.GetFiles(Path.Combine(hub.Cache, "blobs")));
        Assert.Equal(folder, HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));
    }

    [Fact]
    public async Task A_full_disk_is_named_and_loses_nothing()
    {
        if (!OperatingSystem.IsLinux())
            return; // only there is a device that is always full
        await hub.DownloadAsync();
        string old = hub.Snapshot;
        hub.Commit = new('d', 40);
        hub.Files[FakeHub.Weights] = FakeHub.RandomBytes(200_000);
        File.CreateSymbolicLink(hub.Partial(FakeHub.Weights), "/dev/full");
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains("Make room there, or set HF_HUB_CACHE", fault.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", fault.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Time.Waits);
        Assert.False(File.Exists(hub.Blob(FakeHub.Weights)));
        Assert.Equal(old, HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));

        File.Delete(hub.Partial(FakeHub.Weights));
        Assert.Equal(hub.Files[FakeHub.Weights], File.ReadAllBytes(Path.Combine(await hub.DownloadAsync(), FakeHub.Weights)));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_named()
    {
        string file = Path.Combine(hub.Home, "file");
        File.WriteAllText(file, "");
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(("HF_HUB_CACHE", Path.Combine(file, "hub"))));
        Assert.Contains($"cannot be kept in {Path.Combine(file, "hub")}", fault.Message, StringComparison.Ordinal);
    }
}
