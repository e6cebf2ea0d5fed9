namespace ResTok.Models;

/// <summary>What <see cref="ImageTokenizer.Encode"/> computes beyond tokens and latents. Flags add.</summary>
[Flags]
public enum EncodingOutputs
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>How much nearer the chosen code is than the next one: <see cref="TokenizerEncoding.Margins"/>.</summary>
    Margins = 1,

    /// <summary>The quantiser's losses: <see cref="TokenizerEncoding.Losses"/>.</summary>
    Losses = 2,

    /// <summary>The encoder's attention: <see cref="TokenizerEncoding.AttentionMaps"/>.</summary>
    AttentionMaps = 4,

    /// <summary>
    /// The encoder's image tokens: <see cref="TokenizerEncoding.ImageTokenLevels"/>. Without them the encoder's last block does only what
    /// the latents need.
    /// </summary>
    ImageTokens = 8,
}
