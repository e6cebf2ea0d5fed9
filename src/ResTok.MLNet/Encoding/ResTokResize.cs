namespace ResTok.MLNet;

/// <summary>How an image of any size becomes the square that the tokenizer takes.</summary>
public enum ResTokResize
{
    /// <summary>The shorter edge is resized to the square's side (bicubic, antialiased) and the centre is cut out, as the reference evaluates.</summary>
    ShorterEdgeCrop,

    /// <summary>Both edges are resized to the square's side; proportions change.</summary>
    Stretch,

    /// <summary>Images must have exactly the square's size.</summary>
    Exact,
}
