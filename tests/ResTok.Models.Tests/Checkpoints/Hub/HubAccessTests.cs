using System.Net;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints.Hub;

/// <summary>Who is asked, with which token, and what is said when the answer is no.</summary>
public sealed class HubAccessTests : IDisposable
{
    private readonly FakeHub hub = new();

    public void Dispose() => hub.Dispose();

    [Fact]
    public async Task The_token_goes_to_the_hub_and_to_no_other_host()
    {
        int calls = 0;
        using var store = new LocalServer(call =>
        {
            HttpAnswer answer = FakeHub.Content(call, hub.Files[FakeHub.Weights], "\"the store's own tag\"");
            return ++calls == 1 ? answer with { CutAfter = 100_000 } : answer;
        });
        hub.Misbehave = call => Redirect(call, FakeHub.Weights, new Uri(store.Address, "/signed?key=1").AbsoluteUri);
        Directory.CreateDirectory(Path.GetDirectoryName(hub.Partial(FakeHub.Weights))!);
        File.WriteAllBytes(hub.Partial(FakeHub.Weights), hub.Files[FakeHub.Weights][..50_000]);

        string folder = await hub.DownloadAsync(("HF_TOKEN", "hf_secret"));
        Assert.Equal(hub.Files[FakeHub.Weights], File.ReadAllBytes(Path.Combine(folder, FakeHub.Weights)));
        Assert.All(hub.Calls, call => Assert.Equal("Bearer hf_secret", call["Authorization"]));
        Assert.All(store.Calls, call => Assert.Null(call["Authorization"]));
        Assert.All(store.Calls, call => Assert.Equal("GET", call.Method));
        Assert.Equal(["bytes=50000-", "bytes=150000-"], store.Calls.Select(call => call["Range"]));
        Assert.Equal([null, "\"the store's own tag\""], store.Calls.Select(call => call["If-Range"])); // the hub's tag is not the store's
    }

    [Fact]
    public async Task Redirects_within_the_hub_keep_the_token_and_endless_ones_end()
    {
        hub.Misbehave = call => call.Target.StartsWith("/moved", StringComparison.Ordinal)
            ? hub.Answer(call with { Target = call.Target["/moved".Length..] })
            : HttpAnswer.Refusal(307, ("Location", $"/moved{call.Target}"));
        await hub.DownloadAsync(("HF_TOKEN", "hf_secret"));
        Assert.All(hub.Calls, call => Assert.Equal("Bearer hf_secret", call["Authorization"]));

        Directory.Delete(hub.Cache, recursive: true);
        hub.Misbehave = call => HttpAnswer.Refusal(302, ("Location", call.Target));
        Assert.Contains("too many", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301, true)]
    [InlineData(302, false)]
    [InlineData(303, true)]
    [InlineData(307, false)]
    [InlineData(308, true)]
    public async Task A_mirror_that_redirects_to_another_host_is_followed_without_the_token(int status, bool keepsPath)
    {
        using var mirror = new LocalServer(call => HttpAnswer.Refusal(status, ("Location", new Uri(hub.Address, keepsPath ? call.Target : $"/moved{call.Target}").AbsoluteUri)));
        hub.Misbehave = call => call.Target.StartsWith("/moved", StringComparison.Ordinal) ? hub.Answer(call with { Target = call.Target["/moved".Length..] }) : null;
        string folder = await hub.DownloadAsync(("HF_ENDPOINT", mirror.Address.AbsoluteUri), ("HF_TOKEN", "hf_secret"));
        Assert.Equal(hub.Files[FakeHub.Weights], File.ReadAllBytes(Path.Combine(folder, FakeHub.Weights)));
        Assert.NotEmpty(hub.Calls);
        Assert.All(hub.Calls, call => Assert.Null(call["Authorization"]));
        Assert.All(mirror.Calls, call => Assert.Equal("Bearer hf_secret", call["Authorization"]));
    }

    [Fact]
    public async Task Where_a_mirror_redirects_is_named_when_it_ends_badly()
    {
        using var mirror = new LocalServer(call => HttpAnswer.Refusal(308, ("Location", new Uri(hub.Address, call.Target).AbsoluteUri)));
        (string Name, string Value)[] environment = [("HF_ENDPOINT", mirror.Address.AbsoluteUri), ("HF_TOKEN", "hf_secret")];
        hub.Misbehave = _ => new(200, "<html>Please log in</html>"u8.ToArray());
        string message = (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(environment))).Message;
        Assert.Contains($"{hub.Address.Authority}, to which {mirror.Address} redirects, answers, but names no commit", message, StringComparison.Ordinal);
        hub.Misbehave = _ => HttpAnswer.Refusal(401);
        message = (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(environment))).Message;
        Assert.Contains($"The token was not sent to {hub.Address.Authority}", message, StringComparison.Ordinal);
        Assert.Contains($"set HF_ENDPOINT to http://{hub.Address.Authority}", message, StringComparison.Ordinal);

        Uri first = mirror.Address;
        using var second = new LocalServer(call => HttpAnswer.Refusal(302, ("Location", new Uri(first, call.Target).AbsoluteUri)));
        hub.Misbehave = call => HttpAnswer.Refusal(302, ("Location", new Uri(second.Address, call.Target).AbsoluteUri));
        Assert.Contains("after too many others", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(environment))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hf_secret\n")]
    [InlineData("hf_secret\r\n")]
    [InlineData(" hf_secret\t")]
    [InlineData("hf_\r\nsecret")]
    [InlineData("\nhf_secret\n\n")]
    public async Task Line_ends_and_space_around_a_token_do_not_count(string token)
    {
        await hub.DownloadAsync(("HF_TOKEN", token));
        Assert.All(hub.Calls, call => Assert.Equal("Bearer hf_secret", call["Authorization"]));
        Assert.Equal("hf_secret", new HubOptions(hub.Environment()) { Token = token }.Token);
        Directory.Delete(hub.Cache, recursive: true);
        File.WriteAllText(Path.Combine(hub.Home, "token"), token);
        await hub.DownloadAsync(("HF_TOKEN", " \r\n")); // none
        Assert.All(hub.Calls, call => Assert.Equal("Bearer hf_secret", call["Authorization"]));
    }

    [Theory]
    [InlineData("hf_sécret", "character 5 of 9 is U+00E9")]
    [InlineData("hf_秘密", "U+79D8")]
    [InlineData("hf se", "U+0020")]
    [InlineData("hf\0se", "U+0000")]
    [InlineData("“hf_secret”", "character 1 of 11 is U+201C")]
    public async Task A_token_that_cannot_be_sent_is_said_to_be_so_and_not_told(string token, string what)
    {
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(("HF_TOKEN", token)));
        Assert.Contains("token", fault.Message, StringComparison.Ordinal);
        Assert.Contains(what, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("network", fault.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Calls);
        Assert.Empty(hub.Time.Waits);
    }

    [Fact]
    public async Task Without_a_token_none_is_sent()
    {
        await hub.DownloadAsync();
        Assert.All(hub.Calls, call => Assert.Null(call["Authorization"]));
    }

    [Fact]
    public async Task A_proxy_is_gone_through()
    {
        var options = new HubOptions(hub.Environment(("HF_ENDPOINT", "http://hub.invalid"))) { Proxy = new WebProxy(hub.Address) };
        await HuggingFaceHub.DownloadAsync(FakeHub.Id, options);
        Assert.All(hub.Calls, call => Assert.StartsWith("http://hub.invalid/owner/", call.Target, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, "RepoNotFound", "There is no model owner/tiny_model.v1")]
    [InlineData(404, "RepoNotFound", "There is no model owner/tiny_model.v1")]
    [InlineData(401, "GatedRepo", "accept its terms at http://127.0.0.1")]
    [InlineData(403, "GatedRepo", "accept its terms at http://127.0.0.1")]
    [InlineData(404, "RevisionNotFound", "has no branch, tag or commit 'main'")]
    [InlineData(404, "EntryNotFound", "has no config.json or config.yaml")]
    [InlineData(404, "", "has no config.json or config.yaml")]
    [InlineData(401, "", "Set HF_TOKEN or HubOptions.Token")]
    [InlineData(403, "", "Set HF_TOKEN or HubOptions.Token")]
    [InlineData(418, "", "answers 418")]
    public async Task Refusals_say_what_to_do_and_are_not_repeated(int status, string code, string message)
    {
        hub.Misbehave = _ => code.Length > 0 ? HttpAnswer.Refusal(status, ("X-Error-Code", code)) : HttpAnswer.Refusal(status);
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal(status, (int?)fault.StatusCode);
        Assert.Empty(hub.Time.Waits);
        if (status is 401 or 403)
            Assert.Contains("is valid", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(("HF_TOKEN", "hf_old")))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Repo-Commit", "../../../../evil")]
    [InlineData("ETag", "\"../../evil\"")]
    [InlineData("ETag", "\"0123\"")]
    [InlineData("X-Linked-Size", "-1")]
    public async Task Answers_that_no_hub_gives_are_refused(string header, string value)
    {
        hub.Misbehave = call =>
        {
            HttpAnswer answer = hub.Answer(call);
            answer.Headers[header] = value;
            return answer;
        };
        Assert.Contains("so it is no hub", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync())).Message, StringComparison.Ordinal);
        hub.Misbehave = _ => new(200, "Please log in to the hotel's network."u8.ToArray());
        Assert.Contains("so it is no hub", (await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync())).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(hub.Home, "hub")));
    }

    [Fact]
    public async Task Offline_only_the_cache_is_used_and_nobody_asked()
    {
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(("HF_HUB_OFFLINE", "1")));
        Assert.Contains("HF_HUB_OFFLINE", fault.Message, StringComparison.Ordinal);
        Assert.Contains(FakeHub.Id, fault.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Calls);

        string folder = await hub.DownloadAsync();
        int calls = hub.Calls.Length;
        Assert.Equal(folder, await hub.DownloadAsync(("HF_HUB_OFFLINE", "1")));
        Assert.Equal(calls, hub.Calls.Length);
    }

    [Fact]
    public async Task A_hub_out_of_reach_is_named_and_what_the_cache_has_is_used()
    {
        Uri nobody;
        using (var server = new LocalServer(_ => HttpAnswer.Refusal(500)))
            nobody = server.Address;
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync(("HF_ENDPOINT", nobody.AbsoluteUri)));
        Assert.Contains(nobody.Authority, fault.Message, StringComparison.Ordinal);
        Assert.Equal(HubRetry.MaxAttempts, hub.Time.Waits.Count);

        string folder = await hub.DownloadAsync();
        Assert.Equal(folder, await hub.DownloadAsync(("HF_ENDPOINT", nobody.AbsoluteUri)));
        Assert.Equal(HubRetry.MaxAttempts, hub.Time.Waits.Count); // asked once
        hub.Misbehave = _ => HttpAnswer.Refusal(403);
        Assert.Equal(folder, await hub.DownloadAsync());
        hub.Misbehave = _ => HttpAnswer.Refusal(404, ("X-Error-Code", "RevisionNotFound"));
        await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
    }

    [Theory]
    [InlineData("name")]
    [InlineData("../name")]
    [InlineData("owner/name/more")]
    [InlineData("owner/..")]
    [InlineData("owner/na--me")]
    [InlineData("owner\\name/x")]
    [InlineData("/owner/name")]
    [InlineData("owner/name\n")]
    public async Task Ids_that_are_none_are_refused(string id)
    {
        Assert.False(HuggingFaceHub.IsRepositoryId(id));
        await Assert.ThrowsAsync<ArgumentException>(() => HuggingFaceHub.DownloadAsync(id, new(hub.Environment())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../evil")]
    [InlineData("/etc")]
    [InlineData("a//b")]
    [InlineData("C:\\x")]
    public async Task Revisions_that_are_none_are_refused(string revision) =>
        await Assert.ThrowsAsync<ArgumentException>(() => HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Revision = revision }));

    [Theory]
    [InlineData("hub/mirror")]
    [InlineData("ftp://hub")]
    public async Task Endpoints_that_are_none_are_refused(string endpoint) => await Assert.ThrowsAsync<ArgumentException>(
        () => HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Endpoint = new(endpoint, UriKind.RelativeOrAbsolute) }));

    [Fact]
    public void The_environment_is_read_as_huggingface_hub_reads_it()
    {
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        static HubOptions Read(params (string Name, string Value)[] variables) => new(variables.ToDictionary(item => item.Name, item => item.Value).GetValueOrDefault);
        Assert.Equal(Path.Combine(user, ".cache", "huggingface", "hub"), Read().CacheFolder);
        Assert.Equal(Path.Combine("x", "huggingface", "hub"), Read(("XDG_CACHE_HOME", "x")).CacheFolder);
        Assert.Equal(Path.Combine(user + "/h", "hub"), Read(("XDG_CACHE_HOME", "x"), ("HF_HOME", "~/h")).CacheFolder);
        Assert.Equal("old", Read(("HF_HOME", "h"), ("HUGGINGFACE_HUB_CACHE", "old")).CacheFolder);
        Assert.Equal("c", Read(("HF_HOME", "h"), ("HUGGINGFACE_HUB_CACHE", "old"), ("HF_HUB_CACHE", "c")).CacheFolder);
        Assert.Equal(new Uri("https://huggingface.co"), Read(("HF_ENDPOINT", "")).Endpoint);
        Assert.Equal(new Uri("https://mirror/hub"), Read(("HF_ENDPOINT", "https://mirror/hub")).Endpoint);
        Assert.Contains("HF_ENDPOINT is 'mirror'", Assert.Throws<HubException>(() => Read(("HF_ENDPOINT", "mirror"))).Message, StringComparison.Ordinal);
        Assert.True(Read(("HF_HUB_OFFLINE", "yes")).Offline);
        Assert.False(Read(("HF_HUB_OFFLINE", "0")).Offline);

        Assert.Null(Read(("HF_HOME", hub.Home)).Token);
        File.WriteAllText(Path.Combine(hub.Home, "token"), "hf_file\n");
        Assert.Equal("hf_file", Read(("HF_HOME", hub.Home)).Token);
        Assert.Equal("hf_variable", Read(("HF_HOME", hub.Home), ("HF_TOKEN", "hf_variable")).Token);
    }

    private HttpAnswer? Redirect(HttpCall call, string file, string location)
    {
        if (!call.Target.EndsWith(file, StringComparison.Ordinal))
            return null;
        HttpAnswer answer = hub.Answer(call) with { Status = 302, Body = [] };
        answer.Headers["Location"] = location;
        return answer;
    }
}
