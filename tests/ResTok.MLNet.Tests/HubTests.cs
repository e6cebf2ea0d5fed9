using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Tests.Checkpoints.Hub;

namespace ResTok.MLNet.Tests;

/// <summary>Handles to models on the hub.</summary>
public sealed class HubTests : IDisposable
{
    private const string CacheVariable = "HF_HUB_CACHE";

    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;
    private readonly LocalServer server;

    public HubTests() => server = new(Answer);

    private string Cache => Path.Combine(folder, "hub");

    public void Dispose()
    {
        server.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Models_and_generators_open_by_their_ids_and_then_from_the_cache()
    {
        using (ImageTokenizer tokenizer = TinyModels.CreateTokenizer())
            tokenizer.Save(Path.Combine(folder, "tokenizer"));
        using (ImageGenerator generator = ImageGenerator.Create(TinyModels.Generator, seed: 1))
            generator.Save(Path.Combine(folder, "generator"));
        var hub = new HubOptions { Endpoint = server.Address, CacheFolder = Cache, Token = null, Offline = false };
        List<string> files = [];

        using ResTokTokenizer model = await ResTokTokenizer.FromHubAsync("owner/tokenizer", hub: hub, progress: new Names(files));
        Assert.Equal(TinyModels.Tokenizer, model.Config);
        Assert.Equal(["config.json", "model.safetensors"], files.Distinct());
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(1));
        using (ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data)) // the weights are read here, through the cache's links
            Assert.Single(encode.Transform(data).GetColumn<int[]>("Tokens"));
        using ResTokGenerator made = await ResTokGenerator.FromHubAsync("owner/generator", new() { Precision = Precision.BFloat16 }, hub);
        Assert.Equal(TinyModels.Generator, made.Config);
        await Assert.ThrowsAsync<CheckpointException>(() => ResTokTokenizer.FromHubAsync("owner/generator", hub: hub));
        HubException fault = await Assert.ThrowsAsync<HubException>(() => ResTokTokenizer.FromHubAsync("owner/nothing", hub: hub));
        Assert.Contains("owner/nothing", fault.Message, StringComparison.Ordinal);

        string? before = Environment.GetEnvironmentVariable(CacheVariable);
        Environment.SetEnvironmentVariable(CacheVariable, Cache);
        try
        {
            int calls = server.Calls.Count;
            using ResTokTokenizer cached = ResTokTokenizer.Load("owner/tokenizer");
            Assert.Equal(TinyModels.Tokenizer, cached.Config);
            Assert.Equal(calls, server.Calls.Count);
        }
        finally
        {
            Environment.SetEnvironmentVariable(CacheVariable, before);
        }
    }

    [Fact]
    public void What_looks_like_an_id_and_is_not_in_the_cache_is_explained()
    {
        Assert.Contains("ResTokTokenizer.FromHubAsync", Assert.Throws<CheckpointException>(() => ResTokTokenizer.Load("owner/not-there")).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("FromHubAsync", Assert.Throws<CheckpointException>(() => ResTokTokenizer.Load("not/there/either")).Message, StringComparison.Ordinal);
    }

    /// <summary>Serves owner/FOLDER/resolve/REVISION/FILE.</summary>
    private HttpAnswer Answer(HttpCall call)
    {
        string[] parts = call.Target.Split('/');
        string file = Path.Combine(folder, parts[2], parts[5]);
        if (!File.Exists(file))
            return HttpAnswer.Refusal(404);
        byte[] content = File.ReadAllBytes(file);
        return new(200, content)
        {
            Headers = new() { ["X-Repo-Commit"] = new('a', 40), ["ETag"] = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"" },
        };
    }

    private sealed class Names(List<string> files) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => files.Add(value.File);
    }
}
