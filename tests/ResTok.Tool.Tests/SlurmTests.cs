using System.Diagnostics;

namespace ResTok.Tool.Tests;

/// <summary>Runs where a Slurm can be started: on Linux, as root, with slurmctld, slurmd, slurm-client and munge. <c>.ci/run</c> installs them where it can.</summary>
public sealed class SlurmFactAttribute : FactAttribute
{
    public SlurmFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !new[] { "slurmctld", "slurmd", "munged" }.All(name => File.Exists("/usr/sbin/" + name)))
            Skip = "Slurm cannot be started here: that needs root, and slurmctld, slurmd, slurm-client and munge of Debian.";
    }
}

[Trait("Category", "Slow")]
public sealed class SlurmTests : IDisposable
{
    private readonly DataSet data = new();

    public void Dispose() => data.Dispose();

    [SlurmFact]
    public void An_array_that_loses_a_worker_and_a_node_gives_the_bytes_of_one_process_where_Slurm_is_installed()
    {
        string[] tars = [.. Enumerable.Range(0, 4).Select(i => data.Tar($"{i}.tar", 100 * i, 100))];
        string array = data.PathOf("array"), whole = data.PathOf("whole");
        Restok.Succeed(["encode", .. tars, "-o", whole, "--batch", "4"]);
        Restok.Succeed(["plan", "encode", .. tars, "-o", array, "--batch", "4", "--slurm"]);
        var start = new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "Slurm", "array.sh"), data.PathOf("slurm"), array]) { RedirectStandardOutput = true };
        start.Environment["RESTOK"] = $"dotnet {Restok.Program}";
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        using Process script = Process.Start(start)!;
        string log = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        Assert.True(script.ExitCode == 0, log);
        Assert.Contains("worker killed", log);
        Assert.Contains("node lost", log);
        Assert.Contains("4 shards, 400 rows", File.ReadAllText(Path.Combine(array, "logs", "merge.txt")));
        Assert.Equal(Restok.Shards(whole), Restok.Shards(array));
    }
}
