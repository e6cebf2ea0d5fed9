using ResTok.MLNet;
using ResTok.Models;

/// <summary>Opens a folder's models, or the demo model out of its assembly.</summary>
internal static class OpenModels
{
    public static ImageTokenizer Tokenizer(string? folder) =>
        folder is null ? ImageTokenizer.Load(Demo("tokenizer/config.json"), Demo("tokenizer/model.safetensors")) : ImageTokenizer.Load(folder);

    public static ImageGenerator Generator(string? folder) =>
        folder is null ? ImageGenerator.Load(Demo("generator/config.json"), Demo("generator/model.safetensors")) : ImageGenerator.Load(folder);

    /// <summary>The names of a model's classes, or the numbers where it does not know them.</summary>
    public static IReadOnlyList<string> ClassNames(ImageGenerator generator) =>
        generator.Config.ClassNames ?? (IReadOnlyList<string>)[.. Enumerable.Range(0, generator.Config.Classes).Select(label => label.ToString())];

    private static Stream Demo(string resource) => typeof(DemoGenerator).Assembly.GetManifestResourceStream(resource)!;
}
