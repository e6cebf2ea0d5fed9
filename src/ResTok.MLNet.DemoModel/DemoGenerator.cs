using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>The demo generator: <c>ResTokGenerator.Demo()</c>, or <c>DemoGenerator.Demo()</c> in F# and Visual Basic, which do not see extension members.</summary>
/// <example>
/// <code>
/// using ResTokGenerator generator = ResTokGenerator.Demo();
/// Console.WriteLine(string.Join(", ", DemoGenerator.Classes)); // what the labels 0, 1, … stand for; a column of these names will do too
/// var draw = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = DemoGenerator.Sampling });
/// </code>
/// </example>
public static class DemoGenerator
{
    /// <summary>The names of the classes that it generates, in the order of their labels from 0.</summary>
    public static IReadOnlyList<string> Classes { get; } = ReadClasses();

    /// <summary>
    /// The sampling that suits it: <see cref="SamplingOptions.Official"/> at temperature 0.6. Images are plainer and less varied, and a judge
    /// knows more of them as what they are to be (the model card has both figures).
    /// </summary>
    public static SamplingOptions Sampling { get; } = SamplingOptions.Official with { Temperature = 0.6 };

    extension(ResTokGenerator)
    {
        /// <summary>Opens the demo generator, which makes small images of <see cref="Classes"/> in the tokens of the demo tokenizer.</summary>
        /// <returns>A handle, which the caller disposes. The weights load when they are first used.</returns>
        public static ResTokGenerator Demo() => ResTokGenerator.Load(
            () => DemoResource.Open("generator/config.json"), () => DemoResource.Open("generator/model.safetensors"));
    }

    private static ClassNames ReadClasses()
    {
        using Stream config = DemoResource.Open("generator/config.json");
        return GeneratorConfig.Load(config).ClassNames ?? throw new InvalidOperationException("The demo generator's configuration names no classes. Run examples/TrainDemo, and build again.");
    }
}
