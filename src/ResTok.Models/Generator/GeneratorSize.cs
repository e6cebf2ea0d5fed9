namespace ResTok.Models;

/// <summary>The official sizes of the generator (layers / heads / width), the reference's <c>GPT_models</c>.</summary>
public enum GeneratorSize
{
    /// <summary>12 / 12 / 768, "GPT-B": 98 million parameters with 8192 codes and 1000 classes.</summary>
    B,

    /// <summary>24 / 16 / 1024, "GPT-L", the official generator: 326 million.</summary>
    L,

    /// <summary>36 / 20 / 1280, "GPT-XL".</summary>
    XL,

    /// <summary>48 / 24 / 1536, "GPT-XXL".</summary>
    XXL,

    /// <summary>48 / 40 / 2560, "GPT-XXXL".</summary>
    XXXL,

    /// <summary>22 / 32 / 2048, "GPT-1B".</summary>
    Billion1,

    /// <summary>24 / 32 / 3200, "GPT-3B".</summary>
    Billion3,

    /// <summary>32 / 32 / 4096, "GPT-7B".</summary>
    Billion7,
}
