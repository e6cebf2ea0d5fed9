using System.IO.Compression;
using System.Xml.Linq;

namespace ResTok.MLNet.PackageTests;

/// <summary>What the packages say and hold.</summary>
[Collection(nameof(PackedFeed))]
public sealed class PackageContentTests(PackedFeed feed)
{
    private static readonly string[] Libraries = ["ResTok.MLNet", "ResTok.MLNet.Data", "ResTok.MLNet.DemoModel", "ResTok.MLNet.Interactive", "ResTok.MLNet.Onnx", "ResTok.MLNet.TorchSharpCompat", "ResTok.Models"];
    private static readonly string[] MetaPackages = ["ResTok.MLNet.Cpu", "ResTok.MLNet.Cuda.Linux"];

    [Fact]
    public void The_feed_has_every_package_and_the_symbols_of_every_library()
    {
        string[] expected = [.. Libraries.Concat(MetaPackages).Select(id => $"{id}.{feed.Version}.nupkg"), .. Libraries.Select(id => $"{id}.{feed.Version}.snupkg")];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.GetFiles(feed.Packages).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_package_has_a_readme_an_icon_a_licence_tags_and_release_notes()
    {
        foreach (string id in Libraries.Concat(MetaPackages))
        {
            using ZipArchive package = Open(id);
            XElement metadata = Metadata(package);
            Assert.Equal(id, Value(metadata, "id"));
            Assert.Equal("Apache-2.0", Value(metadata, "license"));
            Assert.All(new[] { "authors", "description", "tags", "releaseNotes" }, name => Assert.NotEqual("", Value(metadata, name)));
            using var readme = new StreamReader(package.GetEntry(Value(metadata, "readme"))!.Open());
            Assert.Equal($"# {id}", readme.ReadLine());
            Assert.True(package.GetEntry(Value(metadata, "icon"))!.Length > 0);
        }
    }

    [Fact]
    public void Release_notes_of_libraries_are_the_first_section_of_the_change_log()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, ".github", "CHANGELOG.md"));
        int start = Array.FindIndex(lines, line => line.StartsWith("## ", StringComparison.Ordinal));
        string[] section = [.. lines.Skip(start + 1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.Length > 0)];
        Assert.NotEmpty(section);
        foreach (string id in Libraries)
        {
            using ZipArchive package = Open(id);
            Assert.Equal(section, Value(Metadata(package), "releaseNotes").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')));
        }
    }

    [Fact]
    public void Libraries_leave_the_native_part_to_the_program_and_the_meta_packages_bring_it()
    {
        foreach (string id in Libraries)
            Assert.DoesNotContain(Dependencies(id), dependency => dependency.StartsWith("TorchSharp-", StringComparison.Ordinal) || dependency.StartsWith("libtorch", StringComparison.Ordinal));
        Assert.Equal([$"ResTok.MLNet {feed.Version}", "TorchSharp-cpu 0.107.0"], Dependencies("ResTok.MLNet.Cpu"));
        Assert.Equal([$"ResTok.MLNet {feed.Version}", "TorchSharp-cuda-linux 0.107.0"], Dependencies("ResTok.MLNet.Cuda.Linux"));
    }

    [Fact]
    public void Any_ml_net_5_will_do_and_the_models_need_none()
    {
        Assert.Contains("Microsoft.ML [5.0.1, 6.0.0)", Dependencies("ResTok.MLNet"));
        Assert.Contains($"ResTok.Models {feed.Version}", Dependencies("ResTok.MLNet"));
        Assert.DoesNotContain(Dependencies("ResTok.Models"), dependency => dependency.StartsWith("Microsoft.ML", StringComparison.Ordinal));
    }

    [Fact]
    public void Restore_says_that_the_pictures_of_ml_net_do_not_go_with_a_newer_SkiaSharp()
    {
        Assert.Contains("SkiaSharp [2.88.9, 3.0.0)", Dependencies("ResTok.MLNet"));
        Assert.Contains("SkiaSharp [2.88.9, 3.0.0)", Dependencies("ResTok.MLNet.Interactive"));
    }

    [Fact]
    public void A_notebook_finds_the_extension()
    {
        using ZipArchive package = Open("ResTok.MLNet.Interactive");
        using var extension = new StreamReader(package.GetEntry("interactive-extensions/dotnet/extension.dib")!.Open());
        Assert.Contains("NotebookFormatting.Register", extension.ReadToEnd(), StringComparison.Ordinal);
        Assert.NotNull(package.GetEntry("lib/net10.0/ResTok.MLNet.Interactive.dll"));
    }

    private ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(feed.Packages, $"{id}.{feed.Version}.nupkg"));

    private string[] Dependencies(string id)
    {
        using ZipArchive package = Open(id);
        return [.. Metadata(package).Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}")];
    }

    private static XElement Metadata(ZipArchive package)
    {
        using Stream nuspec = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(nuspec).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    private static string Value(XElement metadata, string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}
