using System.Runtime.InteropServices;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models.Runtime;

namespace ResTok.MLNet.Rows;

/// <summary>
/// What becomes of a batch whose device has no memory for it, or fails: where <c>MLContext.FallbackToCpu</c> allows it, the CPU takes over
/// for good and a warning says why; otherwise the error says what to do.
/// </summary>
internal static class DeviceFaults
{
    /// <param name="environment">Says whether the CPU may take over, and gets the warning.</param>
    /// <param name="weights">What computes.</param>
    /// <param name="count">Rows.</param>
    /// <param name="run">Computes so many of them; called again where it failed.</param>
    /// <exception cref="InvalidOperationException">The device fails, and the CPU must not take over or is the device.</exception>
    public static void Run(IHostEnvironment environment, SharedWeights weights, int count, Action<int> run)
    {
        string device = weights.DeviceFor(environment); // before the run: another thread may fall back meanwhile
        bool isCpu = device == SharedWeights.Cpu;
        try
        {
            run(count);
        }
        catch (ExternalException fault) when (!isCpu || TorchRuntime.IsOutOfMemory(fault))
        {
            string problem = TorchRuntime.IsOutOfMemory(fault)
                ? $"{device} has no memory for a batch of {count} in the {weights.Name}. {Advice(Fitting(count, run))}"
                : $"{device} failed with a batch of {count} in the {weights.Name}: {fault.Message.Split('\n')[0].TrimEnd('.')}. Check the device and its driver (nvidia-smi), and start the program again.";
            if (isCpu || !MLNetInternals.DeviceChoice(environment).FallbackToCpu)
                throw new InvalidOperationException(isCpu ? problem : $"{problem} To go on with the CPU then, set MLContext.FallbackToCpu to true.", fault);
            MLNetInternals.LogWarning(environment, $"{problem} From here on the CPU computes.");
            weights.FallBack();
            run(count);
        }
    }

    private static string Advice(int fitting) => fitting > 0
        ? $"{fitting} fit: set BatchSize to {fitting}."
        : "Not even one fits: use a smaller model or a narrower precision.";

    /// <summary>How many rows there is memory for, found by trying halves; 0 where not even one fits.</summary>
    private static int Fitting(int count, Action<int> run)
    {
        for (int size = count / 2; size > 0; size /= 2)
        {
            try
            {
                run(size);
                return size;
            }
            catch (ExternalException fault) when (TorchRuntime.IsOutOfMemory(fault))
            {
                // Half of it, then.
            }
        }
        return 0;
    }
}
