using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet.Backends;

/// <summary>A tokenizer in libtorch.</summary>
internal sealed class TorchTokenizer(ImageTokenizer tokenizer) : ITokenizerBackend
{
    public EncodedImages Encode(Memory<float> pixels, int count, bool latents, bool features, int searchSteps)
    {
        int side = tokenizer.Config.CropSize;
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = torch.tensor(pixels, [count, 3, side, side]);
        using TokenizerEncoding encoding = tokenizer.Encode(batch, features ? EncodingOutputs.ImageTokens : EncodingOutputs.None);
        using torch.Tensor? found = searchSteps > 0 ? TokenSearch.Search(tokenizer, batch, encoding, searchSteps, default) : null;
        return new(
            (found ?? encoding.Tokens).cpu().data<long>().ToArray(),
            latents ? (found is null ? encoding.QuantizedLatents : tokenizer.Quantizer.Lookup(found)).cpu().contiguous().data<float>().ToArray() : [],
            features ? encoding.ImageTokenLevels[0].mean([1]).cpu().contiguous().data<float>().ToArray() : []);
    }

    public byte[] Decode(Memory<long> tokens, int[] counts)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = torch.tensor(tokens, [counts.Length, tokenizer.Config.LatentTokens]);
        using torch.Tensor images = tokenizer.Decode(batch, counts);
        return ResTokImages.Rgba(images);
    }
}
