using System.Globalization;
using System.Text.Json.Nodes;
using ResTok.Models.Tests.Parity;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>Exported tokenizers in ONNX Runtime against the reference implementation, with the tolerances of its golden sets.</summary>
[Trait("Category", "Parity")]
public class TokenizerParityTests(ITestOutputHelper output)
{
    private const double LatentTolerance = 5e-5;
    private const double ImageTolerance = 2e-4;
    private const double DecidedMargin = 1e-4;

    private readonly ParityFaults faults = new(output);

    public static TheoryData<string> Sets => [.. GoldenSet.Folders("tokenizer").Keys.Where(ParityFaults.IsWanted)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Tokenizer_equals_the_reference(string set)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("tokenizer")[set], "tokenizer");
        JsonObject description = golden.Description;
        TokenizerConfig config = golden.TokenizerConfig();
        using var folder = new TemporaryFolder();
        using (var tokenizer = new ImageTokenizer(config, new Recipe(golden.Salt), null, Precision.Float32))
            tokenizer.ExportOnnx(folder.Path);
        using var onnx = OnnxTokenizer.Load(folder.Path);
        Assert.Equal(config, onnx.Config);
        using var scope = NewDisposeScope();
        int batch = (int)description["batch"]!, n = config.LatentTokens;
        OnnxEncoding encoding = onnx.Encode(Recipe.Images(batch, config.CropSize).data<float>().ToArray());
        faults.Compare("encode.z", golden["encode.z"], tensor(encoding.Latents, [batch, config.TokenSize, 1, n]), LatentTolerance);
        Tensor decided = golden["encode.margin"] > DecidedMargin; // [B, N]
        faults.CompareTokens("encode.tokens", golden["encode.tokens"], tensor(encoding.Tokens.SelectMany(row => row).Select(token => (long)token).ToArray(), [batch, n]), decided);
        Tensor same = decided.unsqueeze(1).unsqueeze(1); // [B, 1, 1, N]
        faults.Compare("encode.z_quantized", golden["encode.z_quantized"] * same, tensor(encoding.QuantizedLatents, [batch, config.TokenSize, 1, n]) * same, LatentTolerance);
        if (set == "tiny") // the others have only some of the image tokens
            faults.Compare("features", golden["encode.last_image_tokens"].mean([2, 3]), tensor(encoding.Features, [batch, config.EncoderWidth]), LatentTolerance);
        CompareDecoding(golden, onnx);
        faults.ThrowIfAny();
    }

    private void CompareDecoding(GoldenSet golden, OnnxTokenizer onnx)
    {
        Tensor given = golden["encode.tokens"];
        int[][] tokens = [.. given.data<long>().ToArray().Select(token => (int)token).Chunk((int)given.shape[1])];
        int side = onnx.Config.ImageSize;
        IEnumerable<int> counts = golden.Names.Where(name => name.StartsWith("decode.", StringComparison.Ordinal))
            .Select(name => int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture)).Distinct();
        foreach (int count in counts)
        {
            Tensor image = tensor(onnx.Decode(tokens, count), [tokens.Length, 3, side, side]);
            string name = $"decode.{count}";
            if (golden.Names.Contains(name + ".image"))
            {
                Tensor expected = golden[name + ".image"]; // of the first image, or of all
                faults.Compare(name + ".image", expected, image.narrow(0, 0, expected.shape[0]), ImageTolerance);
            }
            if (golden.Names.Contains(name + ".strided"))
            {
                Tensor expected = golden[name + ".strided"];
                long step = image.numel() / expected.numel();
                faults.Compare(name + ".strided", expected, image.flatten()[TensorIndex.Slice(0, step * expected.numel(), step)], ImageTolerance);
            }
        }
        // Fewer tokens given, and more given than used, are the same.
        Assert.Equal(onnx.Decode(tokens, 4), onnx.Decode([.. tokens.Select(row => row[..4])]));
    }
}
