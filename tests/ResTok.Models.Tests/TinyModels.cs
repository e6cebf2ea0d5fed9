namespace ResTok.Models.Tests;

/// <summary>Configurations small enough to run in a blink.</summary>
internal static class TinyModels
{
    /// <summary>The configuration of the golden set "tiny".</summary>
    public static TokenizerConfig GoldenTiny { get; } = new()
    {
        CodebookSize = 512,
        EncoderSize = VitSize.Tiny,
        DecoderSize = VitSize.Tiny,
        MergeTokens = true,
        PixelEncoder = true,
        PixelHiddenChannels = 32,
    };

    /// <summary>Pictures of 32×32 pixels and 16 tokens.</summary>
    public static TokenizerConfig Smallest { get; } = GoldenTiny with
    {
        CropSize = 32,
        LatentTokens = 16,
        TestTokens = 16,
        CodebookSize = 64,
        HierarchyStages = 2,
    };
}
