using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Examples.Tests;

/// <summary>How a program starts: in silence, and where home, cache or working folder are not as usual.</summary>
public sealed class StartTests
{
    private const string Image = "sunset.png";

    /// <summary>Native libraries write past .NET: both streams of the process are read, to the last character.</summary>
    [Fact]
    public void Quickstart_prints_what_it_has_to_say_and_nothing_else()
    {
        (int exit, string output, string errors, string folder) = Start([]);
        Assert.Equal(0, exit);
        Assert.Equal("", errors);
        string[] expected =
        [
            @"Loaded the ResTok tokenizer on cpu in [\d.]+ s \(Float32\)\.",
            @"image +1 token( +\d+ tokens)+ +searched   \(PSNR in dB\)",
            @"sunset( +\d+\.\d\d)+",
            @"1 image in [\d.]+ s: [\d.]+ images/s, each encoded once and decoded \d times, and 25 steps of search\.",
            $@"See {Regex.Escape(folder)}/index\.html; the pipeline with its weights is {Regex.Escape(folder)}/pipeline\.zip\.",
        ];
        Assert.Matches($@"\A{string.Join(@"\r?\n", expected)}\r?\n\z", output);
    }

    [Theory]
    [InlineData("a home that is not made yet", "HOME", "new")]
    [InlineData("a home that cannot be written", "HOME", "/proc/nowhere")]
    [InlineData("a cache that cannot be written", "XDG_CACHE_HOME", "/proc/nowhere")]
    [InlineData("no home", "HOME", null)]
    public void Libtorch_starts_with(string what, string variable, string? value)
    {
        using var place = new TemporaryPlace();
        (int exit, string output, string errors, _) = Start(new() { [variable] = value == "new" ? Path.Combine(place.Folder, "home") : value });
        Assert.True(exit == 0 && errors.Length == 0, $"With {what}: {exit}, {output}, {errors}");
    }

    [Fact]
    public void A_deleted_working_folder_is_an_error_and_not_the_end_of_the_process()
    {
        if (OperatingSystem.IsWindows())
            return; // it cannot be deleted there
        using var place = new TemporaryPlace();
        (int exit, _, string errors, _) = Start([], "bash", "-c", $"mkdir '{place.Folder}/gone' && cd '{place.Folder}/gone' && rmdir ../gone && exec \"$@\"", "-");
        Assert.Equal(1, exit);
        Assert.Contains("The working directory of this process was deleted", errors, StringComparison.Ordinal);
    }

    private static (int Exit, string Output, string Errors, string Folder) Start(Dictionary<string, string?> environment, params string[] before)
    {
        using var place = new TemporaryPlace();
        string program = Path.Combine(Repository.Root, "examples", "Quickstart", "bin", Repository.Configuration, "net10.0", "Quickstart.dll");
        string[] command = [.. before, "dotnet", program, "--output", place.Folder, Path.Combine(Repository.Root, "examples", "pictures", Image)];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result, place.Folder);
    }

    private sealed class TemporaryPlace : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("restok-start-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
