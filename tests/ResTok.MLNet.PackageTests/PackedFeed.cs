using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.PackageTests;

/// <summary>The packages of this build, packed once for all tests, and what programs that use them must give.</summary>
public sealed class PackedFeed : PackedPackages
{
    private const string Checkpoint = "tests/ResTok.Models.Tests/Data/checkpoints/tiny/restok";

    public PackedFeed()
    {
        Images = Directory.GetFiles(Path.Combine(Repository.Root, "examples", "pictures"));
        using var restok = ResTokTokenizer.Load(Path.Combine(Repository.Root, Checkpoint));
        var ml = new MLContext(seed: 1);
        IDataView data = ml.Data.LoadFromEnumerable(Images.Select(path => new Row { Path = path }));
        using var model = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok)).Fit(data);
        ml.Model.Save(model, data.Schema, Pipeline);
        ml.Model.Save(model.LastTransformer, null, Encoder);
        Tokens = [.. model.Transform(data).GetColumn<int[]>("Tokens").Select(tokens => string.Join(",", tokens))];
    }

    public string[] Images { get; }

    /// <summary>The tokens of each image, separated by commas.</summary>
    public string[] Tokens { get; }

    /// <summary>A saved pipeline from paths to tokens.</summary>
    public string Pipeline => Path.Combine(Folder, "pipeline.zip");

    /// <summary>The same from images.</summary>
    public string Encoder => Path.Combine(Folder, "encoder.zip");

    /// <summary>Makes a folder, for programs of a consumer who has only the packages.</summary>
    /// <param name="name">Of the folder.</param>
    /// <returns>Its path.</returns>
    public string CreateFolder(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        // Packages that are here already are used where they are; what is new stays out of the user's cache.
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{Packages}" /></packageSources>
              <config><add key="globalPackagesFolder" value="{Unpacked}" /></config>
              <fallbackPackageFolders><add key="user" value="{UserCache}" /></fallbackPackageFolders>
            </configuration>
            """);
        // As at a consumer's, but with links to libtorch's half gigabyte and not copies of it.
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), """
            <Project>
              <PropertyGroup>
                <CreateSymbolicLinksForCopyLocalIfPossible>true</CreateSymbolicLinksForCopyLocalIfPossible>
                <CreateSymbolicLinksForPublishFilesIfPossible>true</CreateSymbolicLinksForPublishFilesIfPossible>
              </PropertyGroup>
            </Project>
            """);
        return folder;
    }

    /// <summary>For a program that is published with its own runtime, which is a package that the SDK chooses.</summary>
    public static void UseSourcesOfTheMachineToo(string folder)
    {
        string settings = Path.Combine(folder, "nuget.config");
        File.WriteAllText(settings, File.ReadAllText(settings).Replace("<clear />", "", StringComparison.Ordinal));
    }

    /// <summary>Writes a program that references the packages, and nothing of this repository.</summary>
    /// <param name="name">Of its folder and its assembly.</param>
    /// <param name="sdk">As in <c>Microsoft.NET.Sdk</c>.</param>
    /// <param name="code">The program.</param>
    /// <param name="more">Packages beside ResTok.MLNet.Cpu.</param>
    /// <returns>Its folder.</returns>
    public string Write(string name, string sdk, string code, params (string Id, string Version)[] more)
    {
        string folder = CreateFolder(name);
        File.WriteAllText(Path.Combine(folder, $"{name}.csproj"), $"""
            <Project Sdk="{sdk}">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>{(more.Length > 0 ? "enable" : "disable")}</Nullable>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="ResTok.MLNet.Cpu" Version="{Version}" />
                {string.Concat(more.Select(package => $"<PackageReference Include=\"{package.Id}\" Version=\"{package.Version}\" />"))}
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), code);
        return folder;
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";
    }
}

[CollectionDefinition(nameof(PackedFeed))]
public sealed class PackedFeedCollection : ICollectionFixture<PackedFeed>;
