using System.Globalization;

namespace ResTok.Tool.Plans;

/// <summary>Which of a plan's workers this process is.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">Of how many.</param>
internal sealed record WorkerIndex(int Index, int Count)
{
    /// <summary>
    /// From the command line, or from what started the process: a Slurm array, a Kubernetes Indexed Job, a Grid Engine array, MPI, or
    /// srun. Started by none of them, it is the only worker.
    /// </summary>
    /// <param name="given">Of the command line, or null.</param>
    /// <param name="workers">The plan's.</param>
    /// <param name="variable">An environment variable's value, or null.</param>
    /// <exception cref="ArgumentException">There is no such worker.</exception>
    public static WorkerIndex Find(int? given, int workers, Func<string, string?> variable)
    {
        if (given is { } index)
            return Check(index, workers, "--shard");
        foreach ((string name, int first) in new[] { ("SLURM_ARRAY_TASK_ID", 0), ("JOB_COMPLETION_INDEX", 0), ("SGE_TASK_ID", 1) })
        {
            if (Number(name) is { } number)
                return Check(number - first, workers, name);
        }
        foreach ((string rank, string size) in new[] { ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS") })
        {
            if (Number(rank) is { } number && Number(size) is { } count and > 1)
                return Check(number, count, rank);
        }
        return new(0, 1);

        int? Number(string name) => int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null; // SGE says "undefined"
    }

    /// <summary>Whether a shard is this worker's.</summary>
    public bool Owns(int shard) => shard % Count == Index;

    private static WorkerIndex Check(int index, int count, string source) => index >= 0 && index < count ? new(index, count)
        : throw new ArgumentException($"{source} asks for worker {index}, but there are {count}, from 0 on. Plan with --workers {index + 1}, or start fewer.");
}
