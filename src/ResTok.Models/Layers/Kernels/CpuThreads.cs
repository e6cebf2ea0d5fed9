using System.Runtime.ExceptionServices;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Runs the parts of a kernel on as many threads as libtorch uses. Between two kernels of a network, which follow each other in
/// microseconds, its threads look out for the next; a little later they sleep. When several callers compute at once, one has the threads
/// and the others compute alone.
/// </summary>
internal static class CpuThreads
{
    /// <summary>Looks before a thread sleeps, some 200 µs.</summary>
    private const int Looks = 800;

    private static readonly Lock Gate = new();
    private static readonly SemaphoreSlim Wake = new(0);
    private static volatile Job? current;
    private static int threads; // of this class; the caller's comes on top
    private static int sleeping;

    [ThreadStatic]
    private static int taken; // threads of the caller, while libtorch has one

    /// <summary>Threads that a kernel may use.</summary>
    public static int Count => taken > 0 ? taken : get_num_threads();

    /// <summary>
    /// Leaves libtorch a single thread, as long as the calling thread runs a network on these: after every operation of its own its
    /// threads would otherwise spin for a while, on the processors that the next kernel needs.
    /// </summary>
    /// <param name="isWanted">Whether to.</param>
    public static Taken TakeAll(bool isWanted)
    {
        if (!isWanted || taken > 0 || !OpenMp.IsKnown)
            return default;
        taken = get_num_threads();
        OpenMp.SetThreads(1);
        return new(true);
    }

    /// <summary>Runs all parts, in any order; returns when all are done.</summary>
    /// <param name="parts">How many.</param>
    /// <param name="run">Runs one.</param>
    public static void Run(int parts, Action<int> run)
    {
        int helpers = Math.Min(Count, parts) - 1;
        if (helpers <= 0 || !Gate.TryEnter())
        {
            for (int part = 0; part < parts; part++)
                run(part);
            return;
        }
        try
        {
            var job = new Job(parts, run, helpers);
            while (threads < helpers)
            {
                threads++;
                new Thread(Help) { IsBackground = true, Name = "ResTok kernels" }.Start();
            }
            current = job;
            Interlocked.MemoryBarrier(); // a thread that goes to sleep counts itself, and then looks once more
            if (Volatile.Read(ref sleeping) is > 0 and var asleep)
                Wake.Release(Math.Min(asleep, helpers));
            job.Work();
            current = null;
            job.WaitForHelpers();
        }
        finally
        {
            Gate.Exit();
        }
    }

    private static void Help()
    {
        for (Job? done = null; ;)
        {
            Job? job = current;
            for (int look = 0; (job is null || ReferenceEquals(job, done)) && look < Looks; look++)
            {
                Thread.SpinWait(8);
                job = current;
            }
            if (job is null || ReferenceEquals(job, done))
            {
                Interlocked.Increment(ref sleeping);
                if (current is { } late && !ReferenceEquals(late, done))
                    job = late;
                else
                    Wake.Wait();
                Interlocked.Decrement(ref sleeping);
            }
            if (job is null || ReferenceEquals(job, done))
                continue;
            job.Help();
            done = job;
        }
    }

    /// <summary>Gives libtorch its threads back.</summary>
    public readonly struct Taken(bool isTaken) : IDisposable
    {
        public void Dispose()
        {
            if (!isTaken)
                return;
            OpenMp.SetThreads(taken);
            taken = 0;
        }
    }

    private sealed class Job(int parts, Action<int> run, int helpers)
    {
        private int next, places = helpers, helping;
        private volatile Exception? fault;

        public void Help()
        {
            Interlocked.Increment(ref helping);
            if (Interlocked.Decrement(ref places) >= 0)
                Claim();
            Interlocked.Decrement(ref helping);
        }

        public void Work() => Claim();

        /// <summary>Whoever comes later finds no part left.</summary>
        public void WaitForHelpers()
        {
            for (var wait = new SpinWait(); Volatile.Read(ref helping) > 0;)
                wait.SpinOnce(sleep1Threshold: -1);
            if (fault is { } thrown)
                ExceptionDispatchInfo.Throw(thrown);
        }

        private void Claim()
        {
            try
            {
                for (int part = Interlocked.Increment(ref next) - 1; part < parts; part = Interlocked.Increment(ref next) - 1)
                    run(part);
            }
            catch (Exception thrown)
            {
                fault = thrown;
                Volatile.Write(ref next, parts);
            }
        }
    }
}
