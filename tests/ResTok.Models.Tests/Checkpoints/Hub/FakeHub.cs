using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints.Hub;

/// <summary>A hub on this machine with one model, which behaves as the real one until a test makes it misbehave.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Id = "owner/tiny_model.v1";
    public const string Weights = "model.safetensors";
    public const string Folder = "models--owner--tiny_model.v1";

    private readonly LocalServer server;
    private readonly TemporaryFolder home = new();

    public FakeHub()
    {
        server = new(call => Misbehave?.Invoke(call) ?? Answer(call));
        Files["config.json"] = "{}"u8.ToArray();
        Files[Weights] = RandomBytes(300_000);
    }

    public Uri Address => server.Address;

    public string Commit { get; set; } = new('c', 40);

    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Gives another answer than the right one, or null for the right one.</summary>
    public Func<HttpCall, HttpAnswer?>? Misbehave { get; set; }

    public ImmediateTime Time { get; } = new();

    public HttpCall[] Calls => [.. server.Calls];

    /// <summary>The model's part of the cache.</summary>
    public string Cache => Path.Combine(home.Path, "hub", Folder);

    public string Snapshot => Path.Combine(Cache, "snapshots", Commit);

    public string Home => home.Path;

    public string Blob(string file) => Path.Combine(Cache, "blobs", Checksum(file));

    public string Partial(string file) => Blob(file) + ".incomplete";

    public void Dispose()
    {
        server.Dispose();
        home.Dispose();
    }

    /// <summary>An environment that knows this hub and nothing of this machine.</summary>
    public Func<string, string?> Environment(params (string Name, string Value)[] more)
    {
        var all = more.ToDictionary(item => item.Name, item => item.Value);
        all.TryAdd("HF_HOME", home.Path);
        all.TryAdd("HF_ENDPOINT", Address.AbsoluteUri);
        return all.GetValueOrDefault;
    }

    public Task<string> DownloadAsync(params (string Name, string Value)[] environment) =>
        HuggingFaceHub.DownloadAsync(Id, new HubOptions(Environment(environment)) { Time = Time });

    /// <summary>The right answer.</summary>
    public HttpAnswer Answer(HttpCall call)
    {
        string[] parts = new Uri(Address, call.Target).AbsolutePath.Split("/resolve/");
        if (parts[0] != "/" + Id)
            return HttpAnswer.Refusal(404, ("X-Error-Code", "RepoNotFound"));
        int slash = parts[1].IndexOf('/');
        (string revision, string file) = (Uri.UnescapeDataString(parts[1][..slash]), parts[1][(slash + 1)..]);
        if (revision != Commit && revision is not ("main" or "refs/pr/1"))
            return HttpAnswer.Refusal(404, ("X-Error-Code", "RevisionNotFound"));
        if (!Files.TryGetValue(file, out byte[]? content))
            return HttpAnswer.Refusal(404, ("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", Commit));
        string tag = $"\"{Checksum(file)}\"";
        HttpAnswer answer = Content(call, content, tag);
        answer.Headers["X-Repo-Commit"] = Commit;
        if (IsLarge(file))
        {
            answer.Headers["X-Linked-Etag"] = tag;
            answer.Headers["X-Linked-Size"] = content.Length.ToString(CultureInfo.InvariantCulture);
        }
        return answer;
    }

    /// <summary>A content, or the part that was asked for.</summary>
    public static HttpAnswer Content(HttpCall call, byte[] content, string tag)
    {
        var headers = new Dictionary<string, string> { ["ETag"] = tag };
        if (call["Range"] is not { } range || (call["If-Range"] is { } condition && condition != tag))
            return new(200, content) { Headers = headers };
        int start = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
        headers["Content-Range"] = $"bytes {start}-{content.Length - 1}/{content.Length}";
        return start < content.Length ? new(206, content[start..]) { Headers = headers } : HttpAnswer.Refusal(416);
    }

    public string Checksum(string file) => Convert.ToHexStringLower(IsLarge(file)
        ? SHA256.HashData(Files[file])
        : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {Files[file].Length}\0"), .. Files[file]]));

    public static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static bool IsLarge(string file) => file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".bin", StringComparison.Ordinal);
}

/// <summary>A clock whose waits end at once and are written down.</summary>
internal sealed class ImmediateTime : TimeProvider
{
    public List<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (Waits)
            Waits.Add(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}

/// <summary>Progress in the order it is told, on the thread that tells it.</summary>
internal sealed class DirectProgress(Action<HubProgress> action) : IProgress<HubProgress>
{
    public void Report(HubProgress value) => action(value);
}
