using System.IO.Compression;

namespace ResTok.MLNet.PackageTests;

/// <summary>The tool as its users get it: installed from packages that hold all that it runs.</summary>
public sealed class ToolTests : IDisposable
{
    private const long LargestOnNuGet = 250_000_000;

    private readonly string folder = Directory.CreateTempSubdirectory("restok-tool-package-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    [Trait("Category", "Long")]
    public void It_installs_from_a_feed_and_encodes_with_nothing_but_its_package()
    {
        string system = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        string version = PackedPackages.NewVersion(), feed = Path.Combine(folder, "feed");
        Pack("--no-build", "-p:CreateRidSpecificToolPackages=false"); // what names the packages for each system
        Pack("--no-restore", "-p:BuildProjectReferences=false", "-r", system);

        using (ZipArchive names = ZipFile.OpenRead(Path.Combine(feed, $"ResTok.Tool.{version}.nupkg")))
        using (var settings = new StreamReader(names.GetEntry("tools/any/any/DotnetToolSettings.xml")!.Open()))
        {
            string text = settings.ReadToEnd();
            Assert.All(new[] { "linux-x64", "win-x64", "osx-arm64" }, each => Assert.Contains($"ResTok.Tool.{each}", text));
        }
        Assert.InRange(new FileInfo(Path.Combine(feed, $"ResTok.Tool.{system}.{version}.nupkg")).Length, 1, LargestOnNuGet);

        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{feed}" /></packageSources>
              <config><add key="globalPackagesFolder" value="{Path.Combine(folder, "packages")}" /></config>
            </configuration>
            """);
        string tool = Path.Combine(folder, "tool"), restok = Path.Combine(tool, OperatingSystem.IsWindows() ? "restok.exe" : "restok");
        Program.Run("dotnet", folder, "tool", "install", "ResTok.Tool", "--version", version, "--tool-path", tool);
        Program.Run(restok, folder, "encode", Path.Combine(Repository.Root, "examples", "pictures"), "-o", "tokens.parquet");
        Assert.Contains("6 rows of 128 tokens", Program.Run(restok, folder, "info", "tokens.parquet"));

        void Pack(params string[] arguments) => Program.Run(
            "dotnet", Repository.Root, ["pack", Path.Combine("src", "ResTok.Tool"), "-c", Repository.Configuration, "-o", feed, $"-p:Version={version}", .. arguments]);
    }
}
