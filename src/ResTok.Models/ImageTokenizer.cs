using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>Turns pictures into ResTok tokens and tokens into pictures (arXiv 2601.03955, section 3).</summary>
public sealed class ImageTokenizer : IDisposable
{
    public TokenizerConfig Config => throw new NotSupportedException();
    public TokenLevels Levels => throw new NotSupportedException();
    public Device Device => throw new NotSupportedException();
    public Precision Precision => throw new NotSupportedException();
    public IReadOnlyDictionary<string, Tensor> StateDict => throw new NotSupportedException();
    public static ImageTokenizer Create(TokenizerConfig config, Device? device = null, Precision precision = Precision.Float32, long seed = 0) => throw new NotSupportedException();
    public static ImageTokenizer Load(string path, Device? device = null, Precision precision = Precision.Float32) => throw new NotSupportedException();
    public static ImageTokenizer Load(Stream config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32) => throw new NotSupportedException();
    public void Save(string folder) => throw new NotSupportedException();
    public void Save(Stream config, Stream safetensors) => throw new NotSupportedException();
    public TokenizerEncoding Encode(Tensor images) => throw new NotSupportedException();
    public Tensor Decode(Tensor tokens, int? tokenCount = null) => throw new NotSupportedException();
    public Tensor Decode(Tensor tokens, IReadOnlyList<int> tokenCounts) => throw new NotSupportedException();
    public void Dispose() { }
}

public sealed class TokenizerEncoding : IDisposable
{
    public Tensor Tokens => throw new NotSupportedException();
    public Tensor QuantizedLatents => throw new NotSupportedException();
    public IReadOnlyList<Tensor> ImageTokenLevels => throw new NotSupportedException();
    public void Dispose() { }
}
