using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;
using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet.Encoding;

/// <summary>Encodes the images of a batch of rows.</summary>
internal sealed class EncodingRunner : BatchRunner
{
    private readonly ImageColumnReader reader;
    private readonly ResTokTokenizer model;
    private readonly ResTokEncodingEstimator.Options options;
    private readonly int side;
    private readonly float[] pixels; // planar RGB of each slot
    private long[] tokens = [];
    private float[] latents = [];
    private float[] features = [];

    public EncodingRunner(
        ImageColumnReader reader, ResTokTokenizer model, IHostEnvironment environment, ResTokEncodingEstimator.Options options, int capacity)
        : base(environment, model.Weights, options.OnInvalidRow, capacity)
    {
        this.reader = reader;
        this.model = model;
        this.options = options;
        side = model.Config.CropSize;
        pixels = new float[capacity * 3 * side * side];
    }

    protected override void RunBatch(int count)
    {
        ImageTokenizer tokenizer = model.Get(Environment);
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = torch.tensor(pixels.AsMemory(0, count * 3 * side * side), [count, 3, side, side]);
        using TokenizerEncoding encoding = tokenizer.Encode(
            batch, options.FeaturesColumnName is null ? EncodingOutputs.None : EncodingOutputs.ImageTokens);
        tokens = encoding.Tokens.cpu().data<long>().ToArray();
        if (options.LatentsColumnName is not null)
            latents = encoding.QuantizedLatents.cpu().contiguous().data<float>().ToArray();
        if (options.FeaturesColumnName is not null)
            features = encoding.ImageTokenLevels[0].mean([1]).cpu().contiguous().data<float>().ToArray();
    }

    public override Delegate Getter(int output, Func<int> slot)
    {
        TokenizerConfig config = model.Config;
        if (output == 0)
            return TokenColumn.Getter(config.LatentTokens, options.TokensAsKeys, () => tokens, slot, IsMissing);
        return output == 1 && options.LatentsColumnName is not null
            ? Floats(config.TokenSize * config.LatentTokens, () => latents, slot)
            : Floats(config.EncoderWidth, () => features, slot);
    }

    protected override string? ReadRow(int slot, long position)
    {
        if (reader.Read(position, image => ResTokImages.FitRgb(image, side, options.Resize), out byte[] rgb) is { } fault)
            return fault;
        int plane = side * side, start = slot * 3 * plane;
        for (int i = 0; i < plane; i++)
        {
            pixels[start + i] = rgb[3 * i] / 255f;
            pixels[start + plane + i] = rgb[3 * i + 1] / 255f;
            pixels[start + 2 * plane + i] = rgb[3 * i + 2] / 255f;
        }
        return null;
    }

    private ValueGetter<VBuffer<float>> Floats(int count, Func<float[]> values, Func<int> slot) => (ref VBuffer<float> value) =>
    {
        int at = slot(); // runs the batch, which replaces the array: it comes first
        bool missing = IsMissing(at);
        TokenColumn.Copy(ref value, values().AsSpan(at * count, count), x => missing ? float.NaN : x);
    };
}
