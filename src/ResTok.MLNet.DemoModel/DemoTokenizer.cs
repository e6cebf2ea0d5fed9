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
        /// Opens the demo tokenizer: 64×64 images as 128 tokens of a codebook of 4096, in the official levels of 1, 1, 2, 4, 8, 16, 32 and
        /// 64. It learned from some 15,000 photographs and from drawings for seven minutes of a GPU; the official models do far better.
        /// </summary>
        /// <returns>A handle, which the caller disposes. The weights load when they are first used.</returns>
        public static ResTokTokenizer Demo() => ResTokTokenizer.Load(
            () => DemoResource.Open("tokenizer/config.json"), () => DemoResource.Open("tokenizer/model.safetensors"));
    }
}
