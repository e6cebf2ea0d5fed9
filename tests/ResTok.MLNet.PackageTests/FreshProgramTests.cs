using System.Runtime.InteropServices;

namespace ResTok.MLNet.PackageTests;

/// <summary>What a consumer gets: the packed packages in a console program outside the repository.</summary>
[Collection(nameof(PackedFeed))]
public sealed class FreshProgramTests(PackedFeed feed)
{
    private const string Code = """
        using Microsoft.ML;
        using Microsoft.ML.Data;

        if (AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == "ResTok.MLNet"))
            throw new InvalidOperationException("ResTok.MLNet must be found through the model file alone.");
        var ml = new MLContext();
        ITransformer model = ml.Model.Load(args[0], out _);
        IDataView data = ml.Data.LoadFromEnumerable(args.Skip(1).Select(path => new Row { Path = path }));
        foreach (int[] tokens in model.Transform(data).GetColumn<int[]>("Tokens"))
            Console.WriteLine(string.Join(",", tokens));

        public sealed class Row
        {
            public string Path { get; set; } = "";
        }
        """;

    [Fact]
    public void A_saved_pipeline_loads_and_predicts_in_a_program_that_has_only_the_package()
    {
        string folder = feed.Write("Fresh", "Microsoft.NET.Sdk", Code);
        Program.Run("dotnet", folder, "build", "-c", "Release", "-v", "quiet");
        string output = Program.Run("dotnet", folder, [Path.Combine("bin", "Release", "net10.0", "Fresh.dll"), feed.Pipeline, .. feed.Images]);
        Assert.Equal(feed.Tokens, Lines(output));
    }

    [Fact]
    [Trait("Category", "Long")]
    public void A_saved_pipeline_loads_and_predicts_in_a_program_published_as_a_single_file()
    {
        string folder = feed.Write("Single", "Microsoft.NET.Sdk", Code);
        // The analyser would be one more package to download.
        Program.Run("dotnet", folder, "publish", "-c", "Release", "-v", "quiet", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false",
            "-p:PublishSingleFile=true", "-p:EnableSingleFileAnalyzer=false", "-o", "published");
        string published = Path.Combine(folder, "published");
        Assert.DoesNotContain(Directory.GetFiles(published, "*.dll"), file => Path.GetFileName(file).StartsWith("ResTok.", StringComparison.Ordinal));
        string output = Program.Run(Path.Combine(published, OperatingSystem.IsWindows() ? "Single.exe" : "Single"), folder, [feed.Pipeline, .. feed.Images]);
        Assert.Equal(feed.Tokens, Lines(output));
    }

    /// <summary>ML.NET's own code cannot be trimmed: without TrimMode=partial such a program fails inside it.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void A_saved_pipeline_loads_and_predicts_in_a_program_published_trimmed()
    {
        string folder = feed.Write("Trimmed", "Microsoft.NET.Sdk", Code);
        PackedFeed.UseSourcesOfTheMachineToo(folder);
        Program.Run("dotnet", folder, "publish", "-c", "Release", "-v", "quiet", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "true",
            "-p:PublishTrimmed=true", "-p:TrimMode=partial", "-p:EnableSingleFileAnalyzer=false", "-o", "published",
            "-p:CreateSymbolicLinksForPublishFilesIfPossible=false"); // the host looks for its runtime beside itself, not beside a link
        string output = Program.Run(Path.Combine(folder, "published", OperatingSystem.IsWindows() ? "Trimmed.exe" : "Trimmed"), folder, [feed.Pipeline, .. feed.Images]);
        Assert.Equal(feed.Tokens, Lines(output));
    }

    private static string[] Lines(string output) => output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
