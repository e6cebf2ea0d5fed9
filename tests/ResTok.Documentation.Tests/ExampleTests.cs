using System.Xml.Linq;

namespace ResTok.Documentation.Tests;

/// <summary>Examples that people copy.</summary>
public sealed class ExampleTests
{
    /// <summary>Where people begin: each needs an example, of overloads one.</summary>
    private static readonly string[] EntryPoints =
    [
        "M:ResTok.MLNet.ResTokCatalog.ResTokLoadImages(", "M:ResTok.MLNet.ResTokCatalog.ResTokEncode(", "M:ResTok.MLNet.ResTokCatalog.ResTokDecode(", "M:ResTok.MLNet.ResTokCatalog.ResTokGenerate(",
        "M:ResTok.MLNet.ResTokCatalog.ResTokTrainTokenizer(", "M:ResTok.MLNet.ResTokCatalog.ResTokTrainGenerator(",
        "M:ResTok.MLNet.ResTokTokenizer.Load(", "M:ResTok.MLNet.ResTokTokenizer.FromHubAsync(", "M:ResTok.MLNet.ResTokGenerator.Load(", "M:ResTok.MLNet.ResTokGenerator.FromHubAsync(",
        "T:ResTok.MLNet.DemoTokenizer", "T:ResTok.MLNet.DemoGenerator",
        "M:ResTok.MLNet.ImageCatalog.EvaluateReconstruction(", "M:ResTok.MLNet.ImageCatalog.EvaluateGeneration(",
        "M:ResTok.MLNet.ContextCancellation.CancelWith(",
        "T:ResTok.MLNet.Interactive.HtmlReport", "M:ResTok.MLNet.Interactive.NotebookExtensions.ToStrip(", "M:ResTok.MLNet.Interactive.NotebookExtensions.ToTable(", "T:ResTok.MLNet.Interactive.TrainingCurve",
        "M:ResTok.Models.ImageTokenizer.Load(", "M:ResTok.Models.ImageTokenizer.Encode(", "M:ResTok.Models.ImageTokenizer.Decode(",
        "M:ResTok.Models.ImageGenerator.Load(", "M:ResTok.Models.ImageGenerator.Generate(", "M:ResTok.Models.ImageGenerator.GenerateAsync(",
        "M:ResTok.MLNet.Onnx.OnnxExport.ExportOnnx(", "M:ResTok.MLNet.Onnx.OnnxTokenizer.Load(", "M:ResTok.MLNet.Onnx.OnnxGenerator.Load(",
        "M:ResTok.Models.Training.Trainer.Train(", "M:ResTok.Models.Checkpoints.HuggingFaceHub.DownloadAsync(",
    ];

    public static TheoryData<string> Places { get; } = [.. Documentation.Examples.Keys];

    [Theory]
    [MemberData(nameof(Places))]
    public void Every_example_compiles(string place)
    {
        // Directives of notebooks and of single-file programs are none of the compiler's.
        string code = string.Join('\n', Documentation.Examples[place].Split('\n').Select(line => line.StartsWith("#r ", StringComparison.Ordinal) || line.StartsWith("#:", StringComparison.Ordinal) ? "" : line));
        IReadOnlyList<string> faults = ExampleCompiler.FaultsOf(code);
        Assert.True(faults.Count == 0, $"{place} does not compile:\n{string.Join('\n', faults)}");
    }

    [Fact]
    public void Where_people_begin_there_is_an_example() => Assert.All(EntryPoints, entry =>
    {
        XElement[] overloads = [.. Documentation.Members.Where(member => member.Key == entry || entry.EndsWith('(') && member.Key.StartsWith(entry, StringComparison.Ordinal)).Select(member => member.Value)];
        Assert.NotEmpty(overloads);
        Assert.Contains(overloads, member => member.Element("example")?.Element("code") is not null);
    });

    [Fact]
    public void Every_stage_of_the_catalog_is_where_people_begin() => Assert.All(
        Documentation.Members.Keys.Where(name => name.StartsWith("M:ResTok.MLNet.ResTokCatalog.", StringComparison.Ordinal)),
        name => Assert.Contains(EntryPoints, entry => name.StartsWith(entry, StringComparison.Ordinal)));

    [Theory]
    [InlineData("""ml.Transforms.ResTokEncoded("Tokens", "Image", restok);""", "ResTokEncoded")] // no such member
    [InlineData("""var x = ml.Transforms.ResTokDecode("Picture", "Tokens", generator);""", "ResTokGenerator")] // no such type of argument
    public void What_does_not_compile_is_found(string code, string message) => Assert.Contains(message, Assert.Single(ExampleCompiler.FaultsOf(code)), StringComparison.Ordinal);
}
