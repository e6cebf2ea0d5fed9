using k8s;
using k8s.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Verbs;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.Tests;

public sealed class PlanTests : IDisposable
{
    private readonly DataSet data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Bytes_do_not_depend_on_how_many_work_and_what_is_damaged_is_found_and_made_again()
    {
        string[] tars = [.. Enumerable.Range(0, 3).Select(i => data.Tar($"{i}.tar", 10 * i, 5))];
        string images = data.Classes("images", ("a", 7));
        string one = data.PathOf("one"), three = data.PathOf("three");
        Restok.Succeed(["encode", .. tars, images, "-o", one, "--rows-per-shard", "4", "--batch", "4"]);
        Assert.Equal(5, Restok.Shards(one).Count);

        Restok.Succeed(["plan", "encode", .. tars, images, "-o", three, "--rows-per-shard", "4", "--batch", "4", "--workers", "3"]);
        for (int worker = 2; worker >= 1; worker--)
            Restok.Succeed("encode", "--plan", three, "--shard", $"{worker}");
        (int code, string output, _) = Restok.Run("status", three);
        Assert.Equal(75, code);
        Assert.Contains("3 of 5 done", output);
        Assert.Contains("--array=0", output);
        Assert.Equal(1, Restok.Run("merge", three).Code);
        Restok.Succeed("encode", "--plan", three, "--shard", "0");
        Assert.Equal(Restok.Shards(one), Restok.Shards(three));
        Restok.Succeed("status", three);

        byte[] shard = File.ReadAllBytes(Path.Combine(three, "tokens-00001.parquet"));
        shard[200] ^= 1;
        File.WriteAllBytes(Path.Combine(three, "tokens-00001.parquet"), shard);
        (code, output, string error) = Restok.Run("verify", three, "--repair");
        Assert.Equal(1, code);
        Assert.Contains("tokens-00001.parquet", error);
        Restok.Succeed("encode", "--plan", three);
        Restok.Succeed("verify", three);
        Assert.Equal(Restok.Shards(one), Restok.Shards(three));

        Restok.Succeed("merge", three, "-o", data.PathOf("all.parquet"));
        Assert.Equal(Restok.Rows(Path.Combine(three, "*.parquet")), Restok.Rows(data.PathOf("all.parquet")));

        (code, _, error) = Restok.Run(["plan", "encode", .. tars, "-o", three]);
        Assert.Equal(1, code);
        Assert.Contains("another plan", error);
        File.AppendAllText(tars[0], "more");
        File.Delete(Path.Combine(three, "tokens-00000.json"));
        (code, _, error) = Restok.Run("encode", "--plan", three);
        Assert.Equal(1, code);
        Assert.Contains("0.tar", error);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Generated_rows_depend_on_no_worker_and_become_samples_for_the_evaluator()
    {
        Restok.Succeed("generate", "--classes", "0-2", "--per-class", "2", "--seed", "7", "--batch", "2", "-o", data.PathOf("one.parquet"));
        Restok.Succeed("generate", "--classes", "0-2", "--per-class", "2", "--seed", "7", "--batch", "2", "-o", data.PathOf("drawn"), "--rows-per-shard", "2");
        var rows = Restok.Rows(data.PathOf("one.parquet"));
        Assert.Equal([0, 0, 1, 1, 2, 2], rows.Select(row => row.Label));
        Assert.Equal(6, rows.Select(row => row.Tokens).Distinct().Count());
        Assert.Equal(rows, Restok.Rows(data.PathOf("drawn")));

        Restok.Succeed("decode", data.PathOf("one.parquet"), "-o", data.PathOf("one.npz"), "--batch", "2");
        Restok.Succeed("plan", "decode", data.PathOf("drawn"), "-o", data.PathOf("images"), "--batch", "2");
        Restok.Succeed("decode", "--plan", data.PathOf("images"));
        Restok.Succeed("merge", data.PathOf("images"), "-o", data.PathOf("merged.npz"));
        Assert.Equal(File.ReadAllBytes(data.PathOf("one.npz")), File.ReadAllBytes(data.PathOf("merged.npz")));
        ResTok.Models.Runtime.TorchRuntime.EnsureLoaded();
        Assert.Equal(6, NpzFile.ReadImages(data.PathOf("one.npz"), 4).Sum(batch => batch.shape[0]));
        Restok.Succeed("decode", data.PathOf("one.parquet"), "-o", data.PathOf("png"), "--tokens", "8");
        Assert.Equal(6, Directory.GetFiles(data.PathOf("png"), "*.png").Length);
    }

    [Theory]
    [InlineData("../../etc/passwd", "etc/passwd")]
    [InlineData("a/b.c.jpg", "a/b.c")]
    [InlineData("/abs\\x:y.png", "abs/x_y")]
    [InlineData("", "00000007")]
    public void No_id_leads_out_of_the_folder(string id, string expected) => Assert.Equal(expected, DecodeVerb.FileName(id, 0, 7).Replace('\\', '/'));

    [Theory]
    [InlineData(null, "", 0, 1)]
    [InlineData(3, "SLURM_ARRAY_TASK_ID=1", 3, 5)]
    [InlineData(null, "SLURM_ARRAY_TASK_ID=1 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", 1, 5)]
    [InlineData(null, "JOB_COMPLETION_INDEX=4", 4, 5)]
    [InlineData(null, "SGE_TASK_ID=1", 0, 5)]
    [InlineData(null, "SGE_TASK_ID=undefined", 0, 1)]
    [InlineData(null, "OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3", 2, 3)]
    [InlineData(null, "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", 1, 2)]
    [InlineData(null, "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", 0, 1)]
    public void A_worker_knows_which_it_is(int? given, string environment, int index, int count)
    {
        Dictionary<string, string> variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(new WorkerIndex(index, count), WorkerIndex.Find(given, 5, variables.GetValueOrDefault));
    }

    [Fact]
    public void A_worker_that_is_not_planned_is_an_error() =>
        Assert.Contains("SLURM_ARRAY_TASK_ID", Assert.Throws<ArgumentException>(() => WorkerIndex.Find(null, 5, name => name == "SLURM_ARRAY_TASK_ID" ? "5" : null)).Message);

    [Fact]
    public void Missing_workers_are_written_as_Slurm_reads_them() => Assert.Equal("0,3-5,9", StatusVerb.Ranges([5, 3, 4, 0, 9, 9]));

    [Fact]
    public void The_Kubernetes_manifest_is_a_strictly_valid_Indexed_Job()
    {
        data.Tar("0.tar", 0, 1);
        data.Tar("1.tar", 1, 1);
        Restok.Succeed("plan", "encode", data.PathOf("0.tar"), data.PathOf("1.tar"), "-o", data.PathOf("plan"), "--kubernetes", "--slurm", "--image", "registry/restok:1", "--claim", "data");
        V1Job job = KubernetesYaml.Deserialize<V1Job>(File.ReadAllText(data.PathOf("plan", JobScripts.KubernetesFile)), strict: true);
        Assert.Equal(("batch/v1", "Job", "Indexed", 2), (job.ApiVersion, job.Kind, job.Spec.CompletionMode, job.Spec.Completions));
        Assert.Equal(["restok", "encode", "--plan", data.PathOf("plan")], job.Spec.Template.Spec.Containers[0].Command);
        Assert.Equal("Never", job.Spec.Template.Spec.RestartPolicy); // a pod failure policy wants it
        Assert.Equal(75, job.Spec.PodFailurePolicy.Rules[0].OnExitCodes.Values[0]);
        Assert.Equal("data", job.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName);
        Assert.Contains("--array=0-1", File.ReadAllText(data.PathOf("plan", JobScripts.SlurmFile)));
    }
}
