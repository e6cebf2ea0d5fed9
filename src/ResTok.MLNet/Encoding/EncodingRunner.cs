using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet.Encoding;

/// <summary>Encodes the images of a batch of rows.</summary>
internal sealed class EncodingRunner(
    ImageColumnReader reader, ResTokTokenizer model, IHostEnvironment environment, ResTokEncodingEstimator.Options options, int capacity)
    : BatchRunner(environment, model.Weights, options.OnInvalidRow, capacity)
{
    private readonly int side = model.Config.CropSize;
    private readonly float[] pixels = new float[capacity * 3 * model.Config.CropSize * model.Config.CropSize]; // planar RGB of each slot
    private EncodedImages encoded = EncodedImages.None;

    protected override void RunBatch(int count) => encoded = model.Backend(Environment).Encode(
        pixels.AsMemory(0, count * 3 * side * side), count, options.LatentsColumnName is not null, options.FeaturesColumnName is not null, options.SearchSteps);

    public override Delegate Getter(int output, Func<int> slot)
    {
        TokenizerConfig config = model.Config;
        if (output == 0)
            return TokenColumn.Getter(config.LatentTokens, options.TokensAsKeys, () => encoded.Tokens, slot, IsMissing);
        return output == 1 && options.LatentsColumnName is not null
            ? Floats(config.TokenSize * config.LatentTokens, () => encoded.Latents, slot)
            : Floats(config.EncoderWidth, () => encoded.Features, slot);
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
