using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints.Hub;

/// <summary>Downloads from a hub that misbehaves.</summary>
public sealed class HubDownloadTests : IDisposable
{
    private readonly FakeHub hub = new();

    private byte[] Weights => hub.Files[FakeHub.Weights];

    private HttpCall[] WeightCalls => [.. hub.Calls.Where(call => call.Gets(FakeHub.Weights))];

    public void Dispose() => hub.Dispose();

    [Fact]
    public async Task A_cut_download_goes_on_where_it_stopped_and_fetches_nothing_twice()
    {
        int sent = 0;
        hub.Misbehave = call =>
        {
            if (!call.Gets(FakeHub.Weights))
                return null;
            HttpAnswer answer = hub.Answer(call);
            answer = answer with { CutAfter = Math.Min(answer.Body.Length, 110_000) };
            sent += answer.CutAfter!.Value;
            return answer;
        };
        List<HubProgress> progress = [];
        await HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Time = hub.Time }, new DirectProgress(progress.Add));

        Assert.Equal([null, "bytes=110000-", "bytes=220000-"], WeightCalls.Select(call => call["Range"]));
        string tag = $"\"{hub.Checksum(FakeHub.Weights)}\"";
        Assert.Equal([null, tag, tag], WeightCalls.Select(call => call["If-Range"]));
        Assert.Equal(Weights.Length, sent);
        AssertComplete();
        Assert.Equal(2, hub.Time.Waits.Count);
        long[] done = [.. progress.Where(step => step.File == FakeHub.Weights).Select(step => step.BytesDone)];
        Assert.Equal(done.Order(), done);
        Assert.Equal(new(FakeHub.Weights, Weights.Length, Weights.Length), progress[^1]);
    }

    [Fact]
    public async Task A_cancelled_download_leaves_no_final_name_and_the_next_run_goes_on()
    {
        hub.Misbehave = call => call.Gets(FakeHub.Weights) ? hub.Answer(call) with { CutAfter = 100_000, Hangs = true } : null;
        using var cancellation = new CancellationTokenSource();
        var progress = new DirectProgress(step =>
        {
            if (step is { File: FakeHub.Weights, BytesDone: 100_000 })
                cancellation.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HuggingFaceHub.DownloadAsync(
            FakeHub.Id, new(hub.Environment()) { Time = hub.Time }, progress, cancellation.Token));
        AssertNothingFinal();
        Assert.Equal(100_000, new FileInfo(hub.Partial(FakeHub.Weights)).Length);
        Assert.Null(HuggingFaceHub.FindCached(FakeHub.Id, new(hub.Environment())));

        hub.Misbehave = null;
        await hub.DownloadAsync();
        Assert.Equal("bytes=100000-", WeightCalls[^1]["Range"]);
        AssertComplete();
    }

    [Fact]
    public async Task Connections_that_bring_much_count_as_first_attempts()
    {
        hub.Files[FakeHub.Weights] = FakeHub.RandomBytes(9 << 20);
        hub.Misbehave = call => call.Gets(FakeHub.Weights) && hub.Answer(call) is var answer
            ? answer with { CutAfter = Math.Min(answer.Body.Length, 1_100_000) }
            : null;
        await hub.DownloadAsync();
        Assert.True(WeightCalls.Length > HubRetry.MaxAttempts + 1);
        Assert.Empty(hub.Time.Waits);
        AssertComplete();
    }

    [Fact]
    public async Task A_silent_connection_is_given_up_and_the_download_goes_on()
    {
        hub.Misbehave = call => call.Gets(FakeHub.Weights) && call["Range"] is null ? hub.Answer(call) with { CutAfter = 1000, Hangs = true } : null;
        await HuggingFaceHub.DownloadAsync(FakeHub.Id, new(hub.Environment()) { Time = hub.Time, SilenceLimit = TimeSpan.FromSeconds(1) });
        Assert.Equal("bytes=1000-", WeightCalls[^1]["Range"]);
        AssertComplete();
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_busy_hub_is_asked_again(int status)
    {
        int refusals = 0;
        hub.Misbehave = call => call.Method == "HEAD" ? null
            : ++refusals switch
            {
                1 => HttpAnswer.Refusal(status),
                2 => HttpAnswer.Refusal(status, ("Retry-After", "77")),
                _ => null,
            };
        await hub.DownloadAsync();
        AssertComplete();
        Assert.Equal(2, hub.Time.Waits.Count);
        Assert.InRange(hub.Time.Waits[0], TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(77), hub.Time.Waits[1]);
    }

    [Fact]
    public async Task A_hub_that_stays_busy_or_wants_a_long_rest_is_left_alone()
    {
        hub.Misbehave = _ => HttpAnswer.Refusal(503);
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains("503", fault.Message, StringComparison.Ordinal);
        Assert.Equal(503, (int?)fault.StatusCode);
        Assert.Equal(HubRetry.MaxAttempts + 1, hub.Calls.Length);

        hub.Misbehave = _ => HttpAnswer.Refusal(429, ("Retry-After", "3600"));
        fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains("3600 s", fault.Message, StringComparison.Ordinal);
        Assert.Equal(HubRetry.MaxAttempts + 2, hub.Calls.Length);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData(FakeHub.Weights)]
    public async Task A_wrong_checksum_is_fetched_again_once_and_never_gets_the_final_name(string file)
    {
        int bad = 1;
        hub.Misbehave = call =>
        {
            if (!call.Gets(file) || bad-- <= 0)
                return null;
            HttpAnswer answer = hub.Answer(call);
            byte[] body = [.. answer.Body];
            body[^1] ^= 1;
            return answer with { Body = body };
        };
        await hub.DownloadAsync();
        AssertComplete();

        Directory.Delete(hub.Cache, recursive: true);
        bad = 100;
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.Contains($"not {hub.Checksum(file)}", fault.Message, StringComparison.Ordinal);
        Assert.Equal(98, bad);
        Assert.False(File.Exists(hub.Blob(file)));
        Assert.False(File.Exists(hub.Partial(file)));
        Assert.False(File.Exists(Path.Combine(hub.Snapshot, file)));
    }

    [Fact]
    public async Task The_remains_of_another_content_do_not_get_in()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(hub.Blob(FakeHub.Weights))!);
        foreach (int length in new[] { 1000, Weights.Length, Weights.Length + 1 })
        {
            File.WriteAllBytes(hub.Partial(FakeHub.Weights), new byte[length]);
            await hub.DownloadAsync();
            AssertComplete();
            Directory.Delete(Path.Combine(hub.Cache, "snapshots"), recursive: true);
            File.Delete(hub.Blob(FakeHub.Weights));
        }
    }

    [Fact]
    public async Task A_file_that_changes_between_attempts_comes_whole()
    {
        int calls = 0;
        hub.Misbehave = call => !call.Gets(FakeHub.Weights) ? null
            : ++calls == 1 ? FakeHub.Content(call, new byte[Weights.Length], "\"old\"") with { CutAfter = 100_000 }
            : hub.Answer(call);
        await hub.DownloadAsync();
        Assert.Equal("bytes=100000-", WeightCalls[1]["Range"]);
        Assert.Equal("\"old\"", WeightCalls[1]["If-Range"]);
        Assert.Equal(2, calls); // without If-Range the two halves would not fit, and a third would be needed
        AssertComplete();
    }

    [Theory]
    [InlineData(200)]
    [InlineData(206)]
    [InlineData(416)]
    public async Task Servers_that_misunderstand_ranges_do_no_harm(int status)
    {
        hub.Misbehave = call =>
        {
            if (!call.Gets(FakeHub.Weights))
                return null;
            if (call["Range"] is null)
                return hub.Answer(call) with { CutAfter = WeightCalls.Length == 1 ? 100_000 : null };
            var headers = new Dictionary<string, string> { ["Content-Range"] = $"bytes 0-{Weights.Length - 1}/{Weights.Length}" };
            return new HttpAnswer(status, status == 416 ? [] : Weights) { Headers = status == 206 ? headers : [] };
        };
        await hub.DownloadAsync();
        AssertComplete();
    }

    [Fact]
    public async Task Content_longer_than_the_hub_says_is_refused()
    {
        hub.Misbehave = call => call.Gets(FakeHub.Weights) ? new(200, [.. Weights, 0]) : null;
        HubException fault = await Assert.ThrowsAsync<HubException>(() => hub.DownloadAsync());
        Assert.Contains("longer than the 300000 bytes", fault.Message, StringComparison.Ordinal);
        AssertNothingFinal();
        Assert.False(File.Exists(hub.Partial(FakeHub.Weights)));
    }

    private void AssertComplete()
    {
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(hub.Snapshot, FakeHub.Weights)));
        Assert.Equal(hub.Files["config.json"], File.ReadAllBytes(Path.Combine(hub.Snapshot, "config.json")));
        Assert.False(File.Exists(hub.Partial(FakeHub.Weights)));
    }

    private void AssertNothingFinal()
    {
        Assert.False(File.Exists(hub.Blob(FakeHub.Weights)));
        Assert.False(File.Exists(Path.Combine(hub.Snapshot, FakeHub.Weights)));
        Assert.False(Directory.Exists(Path.Combine(hub.Cache, "refs")));
    }
}
