namespace ResTok.Models;

/// <summary>The sizes of vision transformer that <c>vit_enc_model_size</c> and <c>vit_dec_model_size</c> name.</summary>
public enum VitSize
{
    /// <summary>Width 64, 4 layers, 4 heads: not an official size, for tests.</summary>
    Tiny,

    /// <summary>Width 192, 4 layers, 3 heads: not an official size, for small images and models to ship.</summary>
    Mini,

    /// <summary>Width 256, 6 layers, 4 heads: not an official size, as <see cref="Mini"/>.</summary>
    Compact,

    /// <summary>Width 512, 6 layers, 8 heads.</summary>
    Small,

    /// <summary>Width 768, 12 layers, 12 heads.</summary>
    Base,

    /// <summary>Width 1024, 24 layers, 16 heads.</summary>
    Large,
}
