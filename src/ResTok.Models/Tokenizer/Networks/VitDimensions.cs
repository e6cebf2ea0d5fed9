namespace ResTok.Models.Tokenizer.Networks;

/// <summary>Width, depth and heads of a vision transformer.</summary>
internal readonly record struct VitDimensions(int Width, int Layers, int Heads)
{
    public int HeadWidth => Width / Heads;

    public static VitDimensions Of(VitSize size) => size switch
    {
        VitSize.Tiny => new(64, 4, 4),
        VitSize.Mini => new(192, 4, 3),
        VitSize.Compact => new(256, 6, 4),
        VitSize.Small => new(512, 6, 8),
        VitSize.Base => new(768, 12, 12),
        VitSize.Large => new(1024, 24, 16),
        _ => throw new ArgumentOutOfRangeException(nameof(size), size, "Not a known vision transformer size."),
    };
}
