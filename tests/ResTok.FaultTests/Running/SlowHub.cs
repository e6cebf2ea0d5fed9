using System.Globalization;
using System.Security.Cryptography;
using ResTok.Models;
using ResTok.Models.Tests.Checkpoints.Hub;

namespace ResTok.FaultTests.Running;

/// <summary>A hub on this machine whose model is a newer one at every look, and which takes its time to send it.</summary>
internal sealed class SlowHub : IDisposable
{
    public const string Id = "owner/tiny";

    private const string Weights = "model.safetensors";

    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(150);

    private readonly LocalServer server;
    private readonly byte[] config;
    private readonly byte[] weights;
    private int newest;

    public SlowHub()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        using MemoryStream configStream = new(), weightStream = new();
        generator.Save(configStream, weightStream);
        config = configStream.ToArray();
        weights = weightStream.ToArray();
        server = new(Answer);
    }

    public Uri Address => server.Address;

    public void Dispose() => server.Dispose();

    /// <summary>Serves /owner/tiny/resolve/REVISION/FILE, where a commit is a version's number.</summary>
    private HttpAnswer Answer(HttpCall call)
    {
        string[] parts = call.Target.Split('/');
        (string revision, string file) = (parts[^2], parts[^1]);
        int version = revision == "main" ? Interlocked.Increment(ref newest) : int.Parse(revision, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        byte[]? content = file switch
        {
            "config.json" => config,
            Weights => [.. weights[..^4], .. BitConverter.GetBytes(version)],
            _ => null,
        };
        if (content is null)
            return HttpAnswer.Refusal(404);
        string range = call["Range"] ?? "";
        int start = range.StartsWith("bytes=", StringComparison.Ordinal) ? int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture) : 0;
        return new(start > 0 ? 206 : 200, content[start..])
        {
            Duration = file == Weights ? Duration : TimeSpan.Zero,
            Headers = new()
            {
                ["X-Repo-Commit"] = $"{version:x40}",
                ["ETag"] = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"",
                ["Content-Range"] = $"bytes {start}-{content.Length - 1}/{content.Length}",
            },
        };
    }
}
