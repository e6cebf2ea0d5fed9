using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.PackageTests;

/// <summary>What a consumer gets: the packed packages in a program outside the repository.</summary>
public sealed class FreshProgramTests : IDisposable
{
    private static readonly string Repository = FindRepository();

    private readonly string folder = Directory.CreateTempSubdirectory("restok-package-test-").FullName;

    /// <summary>Unique, so that the NuGet cache cannot answer with an earlier build; removed from the cache afterwards.</summary>
    private readonly string version = string.Create(CultureInfo.InvariantCulture, $"0.0.1-test.{DateTime.UtcNow.Ticks}");

    public void Dispose()
    {
        Directory.Delete(folder, recursive: true);
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string package in new[] { "restok.models", "restok.mlnet" })
        {
            string cached = Path.Combine(cache, package, version);
            if (Directory.Exists(cached))
                Directory.Delete(cached, recursive: true);
        }
    }

    [Fact]
    public void A_saved_pipeline_loads_and_predicts_in_a_program_that_has_only_the_package()
    {
        string[] pictures = Directory.GetFiles(Path.Combine(Repository, "examples", "pictures"));
        string expected = Save(pictures);

        foreach (string project in new[] { "ResTok.Models", "ResTok.MLNet" })
            Run(Repository, "pack", Path.Combine("src", project), "-c", Configuration, "--no-build", "-o", Path.Combine(folder, "feed"), $"-p:PackageVersion={version}");
        WriteProgram();
        Run(folder, "build", "-c", "Release", "-v", "quiet");
        string actual = Run(folder, [Path.Combine("bin", "Release", "net10.0", "Fresh.dll"), "pipeline.zip", .. pictures]);
        Assert.Equal(expected, actual.Trim());
    }

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private string Save(string[] pictures)
    {
        var ml = new MLContext(seed: 1);
        using ResTokModel restok = ResTokModel.Load(Path.Combine(Repository, "tests", "ResTok.Models.Tests", "Data", "checkpoints", "tiny", "restok"));
        IDataView data = ml.Data.LoadFromEnumerable(pictures.Select(path => new Row { Path = path }));
        ITransformer model = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok)).Fit(data);
        ml.Model.Save(model, data.Schema, Path.Combine(folder, "pipeline.zip"));
        return string.Join(Environment.NewLine, model.Transform(data).GetColumn<int[]>("Tokens").Select(tokens => string.Join(",", tokens)));
    }

    private void WriteProgram()
    {
        File.WriteAllText(Path.Combine(folder, "nuget.config"), """
            <configuration><packageSources><add key="packed" value="feed" /></packageSources></configuration>
            """);
        // As a consumer's project would be, but libtorch is left in the NuGet cache: half a gigabyte less to copy.
        File.WriteAllText(Path.Combine(folder, "Fresh.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <GenerateRuntimeConfigDevFile>true</GenerateRuntimeConfigDevFile>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="ResTok.MLNet" Version="{version}" />
                <PackageReference Include="TorchSharp-cpu" Version="0.107.0" />
              </ItemGroup>
              <Target Name="LeaveLibtorchInCache" AfterTargets="ResolveLockFileCopyLocalFiles">
                <ItemGroup>
                  <ReferenceCopyLocalPaths Remove="@(ReferenceCopyLocalPaths)" Condition="$([System.String]::Copy('%(ReferenceCopyLocalPaths.NuGetPackageId)').StartsWith('libtorch-'))" />
                </ItemGroup>
              </Target>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), """
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
            """);
    }

    private static string Run(string workingFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = workingFolder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name); // of the test run's own build
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)} exited with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ResTok.MLNet.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";
    }
}
