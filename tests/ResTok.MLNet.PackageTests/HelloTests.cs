using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using ResTok.Documentation.Tests;

namespace ResTok.MLNet.PackageTests;

/// <summary>The single-file programs of examples/hello, each run from the packed packages as its first line says, in a folder of its own.</summary>
[Collection(nameof(PackedFeed))]
public sealed class HelloTests
{
    private static readonly string Source = Path.Combine(Repository.Root, "examples", "hello");

    private readonly PackedFeed feed;
    private readonly string folder;

    public HelloTests(PackedFeed feed)
    {
        this.feed = feed;
        folder = feed.CreateFolder("Hello" + Guid.NewGuid().ToString("N")[..8]);
        foreach (string program in Directory.GetFiles(Source, "*.cs"))
            File.WriteAllText(Path.Combine(folder, Path.GetFileName(program)), File.ReadAllText(program).Replace($"@{Released}", $"@{feed.Version}", StringComparison.Ordinal));
    }

    /// <summary>The version that the repository has, and the programs ask for.</summary>
    private static string Released { get; } = Regex.Match(File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props")), "<Version>(.+)</Version>").Groups[1].Value;

    private static string Images => Path.Combine(Repository.Root, "examples", "pictures");

    [Fact]
    public void Every_program_is_short_and_run_by_a_test_and_the_first_is_the_readmes()
    {
        string[] programs = Directory.GetFiles(Source, "*.cs");
        Assert.Equal(["encode.cs", "generate.cs", "search.cs", "serve.cs", "train.cs"], programs.Select(program => Path.GetFileName(program)).Order(StringComparer.Ordinal));
        Assert.All(programs, program => Assert.InRange(File.ReadAllLines(program).Length, 1, 39));
        Assert.All(programs, program => Assert.Equal(3, Count($"@{Released}", File.ReadAllText(program))));
        MarkdownBlock first = MarkdownBlock.ReadAll(Path.Combine(Repository.Root, "README.md")).First(block => block.Language == "csharp");
        Assert.Equal(File.ReadAllText(Path.Combine(Source, "encode.cs")).ReplaceLineEndings("\n"), first.Text);
    }

    [Fact]
    public void Encode_shows_each_image_its_tokens_and_what_they_rebuild()
    {
        string page = PageOf(Run("encode.cs", feed.Images));
        Assert.Equal(3 * feed.Images.Length, Count("<img ", page));
        Assert.Equal(feed.Images.Length, Count("<span role=\"img\"", page));
    }

    [Fact]
    public void Generate_draws_four_different_images_of_each_class()
    {
        string[] images = [.. Regex.Matches(PageOf(Run("generate.cs", "house", "flower")), "src=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
        Assert.Equal(8, images.Length);
        Assert.Equal(8, images.Distinct().Count());
    }

    [Fact]
    public void Search_shows_three_likenesses_of_each_image() => Assert.Equal(4 * feed.Images.Length, Count("<img ", PageOf(Run("search.cs", Images))));

    [Fact]
    public void Train_shows_the_curves_and_saves_a_tokenizer_that_loads()
    {
        string page = PageOf(Run("train.cs", Images, "4"));
        Assert.Contains("Step 4 of 4", page, StringComparison.Ordinal);
        Assert.Equal(3 * feed.Images.Length, Count("<img ", page));
        using ResTokTokenizer demo = ResTokTokenizer.Demo(), trained = ResTokTokenizer.Load(Path.Combine(folder, "trained"));
        Assert.Equal(demo.Config.LatentTokens, trained.Config.LatentTokens);
    }

    [Fact]
    public async Task Serve_answers_with_a_page_and_with_tokens()
    {
        using Process server = Program.Start("dotnet", folder, "run", "serve.cs", "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default=Error");
        try
        {
            Task<string> error = server.StandardError.ReadToEndAsync();
            string line = await server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The server ended before it listened: {await error}");
            using var client = new HttpClient { BaseAddress = new Uri(line.Replace("See ", "", StringComparison.Ordinal)), Timeout = TimeSpan.FromMinutes(5) };
            Assert.Equal(1, Count("<img ", await client.GetStringAsync(new Uri("?label=house&seed=7", UriKind.Relative))));
            using var content = new ByteArrayContent(await File.ReadAllBytesAsync(feed.Images[0]));
            using HttpResponseMessage answer = await client.PostAsync(new Uri("tokens", UriKind.Relative), content);
            using ResTokTokenizer demo = ResTokTokenizer.Demo();
            Assert.Equal(demo.Config.LatentTokens, (await answer.Content.ReadFromJsonAsync<int[]>())!.Length);
        }
        finally
        {
            server.Kill(entireProcessTree: true); // "dotnet run" and the program that it started
            await server.WaitForExitAsync();
        }
    }

    private string Run(string program, params string[] arguments) => Program.Run("dotnet", folder, ["run", program, .. arguments]);

    /// <summary>The page that a program says it wrote.</summary>
    private static string PageOf(string output) => File.ReadAllText(Regex.Match(output, @"See (\S+\.html)").Groups[1].Value);

    private static int Count(string what, string text) => Regex.Matches(text, Regex.Escape(what)).Count;
}
