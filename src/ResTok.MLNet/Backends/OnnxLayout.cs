namespace ResTok.MLNet.Backends;

/// <summary>The names of exported files.</summary>
/// <param name="Description">JSON that says what the model is, with its configuration.</param>
/// <param name="Graphs">ONNX files. Weights may lie in a file of the same name with <c>.data</c> after it.</param>
internal sealed record OnnxLayout(string Description, params IReadOnlyList<string> Graphs)
{
    public const string Encoder = "encoder.onnx", Decoder = "decoder.onnx", Pass = "generator.onnx";

    public static OnnxLayout Tokenizer { get; } = new("tokenizer.json", Encoder, Decoder);

    public static OnnxLayout Generator { get; } = new("generator.json", Pass);

    /// <summary>Those that must be there.</summary>
    public IEnumerable<string> Required => [Description, .. Graphs];

    /// <summary>Those that may be there.</summary>
    public IEnumerable<string> All => [.. Required, .. Graphs.Select(graph => graph + ".data")];
}
