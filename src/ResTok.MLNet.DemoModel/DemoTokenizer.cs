namespace ResTok.MLNet;

/// <summary>The demo tokenizer: <c>ResTokTokenizer.Demo()</c>, or <c>DemoTokenizer.Demo()</c> in F# and Visual Basic, which do not see extension members.</summary>
/// <example>
/// <code>
/// using ResTokTokenizer restok = ResTokTokenizer.Demo();
/// var encode = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok));
/// </code>
/// </example>
public static class DemoTokenizer
{
    extension(ResTokTokenizer)
    {
        /// <summary>
        /// Opens the demo tokenizer: 64×64 images as 64 tokens of a codebook of 1024, in levels of 1, 1, 2, 4, 8, 16 and 32. It learned
        /// from drawings, and rebuilds photos recognisably at best; the official models do far better.
        /// </summary>
        /// <returns>A handle, which the caller disposes. The weights load when they are first used.</returns>
        public static ResTokTokenizer Demo() => ResTokTokenizer.Load(
            () => DemoResource.Open("tokenizer/config.json"), () => DemoResource.Open("tokenizer/model.safetensors"));
    }
}
