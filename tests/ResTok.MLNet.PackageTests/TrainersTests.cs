using System.Runtime.InteropServices;

namespace ResTok.MLNet.PackageTests;

/// <summary>Microsoft.ML.TorchSharp beside the packed packages, in a console program outside the repository.</summary>
[Collection(nameof(PackedFeed))]
public sealed class TrainersTests(PackedFeed feed)
{
    private const string Patch = "ResTok.MLNet.TorchSharpCompat";

    private static readonly string[] Sources =
    [
        "tests/Common/TrainerWeights.cs", "tests/Common/FiveTrainers.cs", "examples/Common/PipelineFile.cs", "examples/Common/TrainerDownload.cs",
        "examples/TextPipeline/Sentences.cs", "examples/TextPipeline/SentencePipeline.cs", "examples/Similarity/SimilarityPipeline.cs",
        "examples/ObjectIndex/ObjectPipelines.cs", "examples/ObjectIndex/DrawnScene.cs", "examples/TrainDemo/Drawing/Brush.cs", "examples/TrainDemo/Drawing/Drawings.cs",
        "examples/TrainDemo/Drawing/Figures.cs", "examples/TrainDemo/Drawing/Landscapes.cs", "examples/TrainDemo/Drawing/Patterns.cs", "examples/TrainDemo/Drawing/Scraps.cs",
    ];

    [Fact]
    [Trait("Category", "Long")]
    public void Five_trainers_and_three_pipelines_run_save_and_load_built_and_published_as_one_file_with_its_own_runtime()
    {
        string folder = Write("Trainers", Patch);
        string built = Program.Run("dotnet", folder, "build", "-c", "Release", "-v", "minimal");
        Assert.DoesNotContain(": warning ", built, StringComparison.Ordinal); // and not the count of them
        string program = Path.Combine("bin", "Release", "net10.0", "Trainers.dll"), models = Path.Combine(folder, "models");
        string patched = Path.Combine(folder, "obj", "Release", "net10.0", "restok", "Microsoft.ML.TorchSharp.dll");
        Assert.Equal(File.ReadAllBytes(patched), File.ReadAllBytes(Path.Combine(folder, "bin", "Release", "net10.0", "Microsoft.ML.TorchSharp.dll")));

        string[] trained = Results(Program.Run("dotnet", folder, program, "train", models));
        Assert.Equal(8, trained.Length);
        Assert.All(trained, line => Assert.True(line.Split(' ').Length > 2, line));
        AssertAgree(trained, Results(Program.Run("dotnet", folder, program, "use", models)));

        DateTime written = File.GetLastWriteTimeUtc(patched);
        Program.Run("dotnet", folder, "build", "-c", "Release", "-v", "quiet");
        Assert.Equal(written, File.GetLastWriteTimeUtc(patched));

        Program.Run("dotnet", folder, "publish", "-c", "Release", "-v", "quiet", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "true",
            "-p:PublishSingleFile=true", "-p:EnableSingleFileAnalyzer=false", "-o", "published");
        string published = Path.Combine(folder, "published", OperatingSystem.IsWindows() ? "Trainers.exe" : "Trainers");
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "published"), "Microsoft.ML.*"));
        AssertAgree(trained, Results(Program.Run(published, folder, "use", models)));
        string[] again = Results(Program.Run(published, folder, "train", Path.Combine(folder, "again"), "classification", "sentences"));
        AssertAgree([.. trained.Where(line => line.StartsWith("RESULT classification ", StringComparison.Ordinal) || line.StartsWith("RESULT sentences ", StringComparison.Ordinal))], again);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Without_the_patch_the_build_warns_and_the_run_says_what_to_do()
    {
        string folder = Write("Unpatched");
        string built = Program.Run("dotnet", folder, "build", "-c", "Release", "-v", "minimal");
        Assert.Contains("warning RESTOK0001: Microsoft.ML.TorchSharp 0.23.1 fails at run time", built, StringComparison.Ordinal);
        Assert.Contains(Patch, built, StringComparison.Ordinal);
        using var process = Program.Start("dotnet", folder, Path.Combine("bin", "Release", "net10.0", "Unpatched.dll"), "train", Path.Combine(folder, "models"), "sentences");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains($"Reference the package {Patch} in the program and build it again", error + await output, StringComparison.Ordinal);
    }

    private static void AssertAgree(string[] trained, string[] used)
    {
        Assert.Equal(trained.Length, used.Length);
        Assert.All(trained.Zip(used), pair => Assert.True(Predictions.Agree(pair.First, pair.Second), $"{pair.First}\n{pair.Second}"));
    }

    private static string[] Results(string output) => [.. output.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith("RESULT ", StringComparison.Ordinal))];

    private string Write(string name, params string[] more)
    {
        string folder = feed.Write(name, "Microsoft.NET.Sdk", File.ReadAllText(Path.Combine(Repository.Root, "tests", "ResTok.MLNet.PackageTests", "TrainersProgram.cs.txt")),
            [("Microsoft.ML.TorchSharp", "0.23.1"), ("ResTok.MLNet.DemoModel", feed.Version), .. more.Select(id => (id, feed.Version))]);
        foreach (string source in Sources)
            File.Copy(Path.Combine(Repository.Root, source), Path.Combine(folder, Path.GetFileName(source)));
        PackedFeed.UseSourcesOfTheMachineToo(folder);
        return folder;
    }
}
