using System.Diagnostics;
using ResTok.MLNet.Tables;

namespace ResTok.Tool.Tests;

/// <summary>Runs the tool in a process of its own.</summary>
internal static class Restok
{
    public static string Program { get; } = Path.Combine(Repository.Root, "src", "ResTok.Tool", "bin", Repository.Configuration, "net10.0", "restok.dll");

    public static Process Start(IReadOnlyList<string> arguments, string? input = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = input is not null };
        start.ArgumentList.Add(Program);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        Process process = Process.Start(start)!;
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        return process;
    }

    /// <returns>Exit code, standard output and standard error.</returns>
    public static (int Code, string Output, string Error) Run(params string[] arguments) => Run(null, arguments);

    public static (int Code, string Output, string Error) Run(string? input, params string[] arguments)
    {
        using Process process = Start(arguments, input);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Runs it, and expects success.</summary>
    public static string Succeed(params string[] arguments)
    {
        (int code, string output, string error) = Run(arguments);
        Assert.True(code == 0, $"exit code {code}: {output}{error}");
        return output;
    }

    /// <summary>A table's rows.</summary>
    public static (string? Id, int? Label, int View, string Tokens)[] Rows(string path)
    {
        TokenTableFiles table = TokenTableFiles.Open(path, new());
        var rows = new TokenRows();
        foreach (TokenTableFile file in table.Files)
        {
            using TokenTableFile.Reading reading = file.Open();
            for (int group = 0; group < file.GroupRows.Count; group++)
                file.Read(reading, group, rows, TokenTableColumns.All);
        }
        return [.. Enumerable.Range(0, rows.Count).Select(row => (rows.Ids[row], rows.Labels[row], rows.Views[row], string.Join(' ', rows.Tokens.Skip(row * table.TokensPerRow).Take(table.TokensPerRow))))];
    }

    /// <summary>The shards of a plan's folder by name, with their contents' hashes.</summary>
    public static SortedDictionary<string, string> Shards(string folder) =>
        new(Directory.GetFiles(folder).Where(path => path.EndsWith(".parquet", StringComparison.Ordinal) || path.EndsWith(".npz", StringComparison.Ordinal))
            .ToDictionary(path => Path.GetFileName(path), Tool.Plans.Worker.HashOf));
}
