using System.Text.RegularExpressions;

namespace ResTok.Documentation.Tests;

/// <summary>The page that lists the examples.</summary>
public sealed partial class ExamplesPageTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "examples");

    /// <summary>These are made and measured by the project itself, and say their options by <c>--help</c>.</summary>
    private static readonly string[] ForHelp = ["TrainDemo", "DrawPictures"];

    [Fact]
    public void Every_program_is_listed_with_all_its_options()
    {
        string page = File.ReadAllText(Path.Combine(Folder, "README.md"));
        string[] programs = [.. Directory.GetFiles(Folder, "*.csproj", SearchOption.AllDirectories).Select(project => Path.GetFileNameWithoutExtension(project))];
        Assert.NotEmpty(programs);
        Assert.All(programs, program =>
        {
            string row = Assert.Single(page.Split('\n'), line => line.StartsWith($"| `{program}` |", StringComparison.Ordinal));
            string code = string.Concat(Directory.GetFiles(Path.Combine(Folder, program), "*.cs").Select(File.ReadAllText));
            if (!ForHelp.Contains(program))
                Assert.All(Option().Matches(code), option => Assert.Contains($"`{option.Groups[1].Value}", row, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_single_file_program_is_listed() =>
        Assert.All(Directory.GetFiles(Path.Combine(Folder, "hello"), "*.cs"), file =>
            Assert.Contains($"`dotnet run {Path.GetFileName(file)}", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal));

    [GeneratedRegex("new Option<[^>]+>+\\(\"(--[a-z-]+)\"\\)")]
    private static partial Regex Option();
}
