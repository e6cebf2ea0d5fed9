using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResTok.MLNet.PackageTests;

/// <summary>Programs that the tests start.</summary>
internal static class Program
{
    /// <summary>Runs a program to its end, which must be a good one.</summary>
    /// <returns>What it wrote.</returns>
    public static string Run(string file, string workingFolder, params string[] arguments)
    {
        using Process process = Start(file, workingFolder, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{file} {string.Join(' ', arguments)} exited with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }

    public static Process Start(string file, string workingFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = workingFolder, RedirectStandardOutput = true, RedirectStandardError = true };
        // Those of the test run's own build; and the cache that it uses, which nuget.config is to say.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name == "NUGET_PACKAGES").ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Process.Start(start)!;
    }
}
