using ResTok.MLNet;
using ResTok.Models;

/// <summary>Opens a folder's models, or the demo model out of its assembly.</summary>
internal static class OpenModels
{
    public static ImageTokenizer Tokenizer(string? folder)
    {
        if (folder is not null)
            return ImageTokenizer.Load(folder);
        using Stream config = Demo("tokenizer/config.json"), weights = Demo("tokenizer/model.safetensors");
        return ImageTokenizer.Load(TokenizerConfig.Load(config), weights);
    }

    public static ImageGenerator Generator(string? folder)
    {
        if (folder is not null)
            return ImageGenerator.Load(folder);
        using Stream config = Demo("generator/config.json"), weights = Demo("generator/model.safetensors");
        return ImageGenerator.Load(GeneratorConfig.Load(config), weights);
    }

    /// <summary>The names of a model's classes, or the numbers where it does not know them.</summary>
    public static IReadOnlyList<string> ClassNames(ImageGenerator generator) =>
        generator.Config.ClassNames ?? (IReadOnlyList<string>)[.. Enumerable.Range(0, generator.Config.Classes).Select(label => label.ToString())];

    private static Stream Demo(string resource) => typeof(DemoGenerator).Assembly.GetManifestResourceStream(resource)!;
}
