using System.Diagnostics;

namespace ResTok.Tool.Tests;

public sealed class KillTests : IDisposable
{
    private readonly DataSet data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Workers_that_are_killed_at_random_moments_leave_the_bytes_of_one_that_is_not()
    {
        string[] tars = [.. Enumerable.Range(0, 4).Select(i => data.Tar($"{i}.tar", 40 * i, 40))];
        string whole = data.PathOf("whole"), killed = data.PathOf("killed");
        var clock = Stopwatch.StartNew();
        Restok.Succeed(["encode", .. tars, "-o", whole, "--batch", "4"]);
        double undisturbed = clock.Elapsed.TotalMilliseconds;
        Restok.Succeed(["plan", "encode", .. tars, "-o", killed, "--batch", "4", "--workers", "2"]);
        var random = new Random(1);
        for (int kill = 0; kill < 6; kill++)
        {
            using Process worker = Restok.Start(["encode", "--plan", killed]);
            worker.WaitForExit(TimeSpan.FromMilliseconds(undisturbed * (0.3 + 0.5 * random.NextDouble())));
            worker.Kill();
            worker.WaitForExit();
            foreach ((string name, string hash) in Restok.Shards(killed))
                Assert.Equal(Restok.Shards(whole)[name], hash); // what has a name is whole
        }
        Restok.Succeed("encode", "--plan", killed);
        Assert.Equal(Restok.Shards(whole), Restok.Shards(killed));
        Restok.Succeed("verify", killed);
        Restok.Succeed("merge", killed);
        Assert.Empty(Directory.GetFiles(killed, "*.tmp"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_worker_that_is_asked_to_stop_ends_its_batch_with_75_and_goes_on_later()
    {
        if (OperatingSystem.IsWindows())
            return; // has no SIGTERM
        string[] tars = [data.Tar("0.tar", 0, 300)];
        string folder = data.PathOf("stopped");
        Restok.Succeed(["plan", "encode", .. tars, "-o", folder, "--batch", "2"]);
        using Process worker = Restok.Start(["encode", "--plan", folder, "--device", "cpu"]);
        while (!worker.HasExited && Directory.GetFiles(folder, "*.tmp").Length == 0)
            Thread.Sleep(10);
        using (Process kill = Process.Start("kill", ["-TERM", $"{worker.Id}"]))
            kill.WaitForExit();
        worker.WaitForExit();
        Assert.Equal(75, worker.ExitCode);
        Assert.Empty(Restok.Shards(folder));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));
        Assert.Contains("300 rows", Restok.Succeed("encode", "--plan", folder));
    }
}
