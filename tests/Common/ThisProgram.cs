using System.Diagnostics;

namespace ResTok.Tests;

/// <summary>The program that runs, for those that start themselves again. Linked into the projects that use it.</summary>
internal static class ThisProgram
{
    /// <summary>How to start it again, with its output to read.</summary>
    public static ProcessStartInfo Again(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ThisProgram).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }
}
