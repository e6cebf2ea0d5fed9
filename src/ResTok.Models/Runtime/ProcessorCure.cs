namespace ResTok.Models.Runtime;

/// <summary>
/// Where oneDNN's kernels would be wrong on this processor (<see cref="ProcessorCaches"/>), tells oneDNN the caches' sizes, or does
/// without oneDNN. The environment variable <c>RESTOK_KERNELS</c> chooses: <c>auto</c> (the default), <c>safe</c> (never oneDNN) or
/// <c>plain</c> (libtorch as it is, and no kernels of our own either).
/// </summary>
internal static class ProcessorCure
{
    public const string Setting = "RESTOK_KERNELS", Plain = "plain";
    private const string Cost = "training and bfloat16 take longer, products in bfloat16 ten times";

    /// <summary>Must come before the first kernel: oneDNN keeps what it has laid out.</summary>
    /// <param name="setting">The variable's value.</param>
    /// <param name="libtorch">Handle of libtorch_cpu.</param>
    /// <param name="believed">What oneDNN believes; null where it would end the process.</param>
    /// <param name="find">Finds oneDNN's own sizes in memory.</param>
    /// <returns>What was found and done, in one line, and whether it costs speed; null where there was nothing to do.</returns>
    /// <exception cref="TorchRuntimeException">The setting is none, or no cure is possible.</exception>
    public static (string Text, bool Costs)? Apply(string? setting, nint libtorch, ProcessorCaches? believed, Func<OneDnnCaches?> find)
    {
        switch (setting)
        {
            case Plain:
                return null;
            case "safe":
                WithoutOneDnn(libtorch);
                return ($"{Setting}=safe: computing without oneDNN; {Cost}.", true);
            case null or "" or "auto":
                break;
            default:
                throw new TorchRuntimeException($"The environment variable {Setting} is '{setting}'; it can be auto, safe or plain.");
        }
        if (believed is { AreSound: true })
            return null;
        string found = $"This processor's cache sizes are hidden (a virtual machine?): oneDNN takes them for {(believed is { } sizes ? $"{sizes.Level1}, {sizes.Level2} and {sizes.Level3} bytes" : "a division by zero")}, and its kernels would be wrong.";
        if (believed is not null && find() is { } caches)
        {
            ProcessorCaches mended = ProcessorCaches.Mended();
            caches.Write(mended);
            return ($"{found} It was told {mended.Level1 >> 10}, {mended.Level2 >> 10} and {mended.Level3 >> 10} KB, at no cost. {Setting}=safe computes without oneDNN, plain with it as it is.", false);
        }
        WithoutOneDnn(libtorch);
        return ($"{found} This build of libtorch is not one whose oneDNN can be told better, so oneDNN is off: {Cost}. With TorchSharp-cpu 0.107.0 on Linux there is no such cost; {Setting}=plain switches oneDNN on, with wrong results.", true);
    }

    private static void WithoutOneDnn(nint libtorch)
    {
        if (!TorchContext.UseOneDnn(libtorch, false))
            throw new TorchRuntimeException("This libtorch cannot do without oneDNN, whose kernels are wrong on this processor. Use TorchSharp 0.107.0 with its own libtorch, or another machine.");
    }
}
