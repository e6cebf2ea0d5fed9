using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;
using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet.Encoding;

/// <summary>Encodes the pictures of a batch of rows.</summary>
internal sealed class EncodingRunner : BatchRunner
{
    private readonly ValueGetter<MLImage> getter;
    private readonly string columnName;
    private readonly SharedModel model;
    private readonly IHostEnvironment environment;
    private readonly ResTokEncodingEstimator.Options options;
    private readonly int side;
    private readonly float[] pixels; // planar RGB of each slot
    private MLImage? image;
    private long[] tokens = [];
    private float[] latents = [];
    private float[] features = [];

    public EncodingRunner(
        ValueGetter<MLImage> getter, string columnName, SharedModel model, IHostEnvironment environment, ResTokEncodingEstimator.Options options, int capacity)
    {
        this.getter = getter;
        this.columnName = columnName;
        this.model = model;
        this.environment = environment;
        this.options = options;
        side = model.Config.CropSize;
        pixels = new float[capacity * 3 * side * side];
    }

    public override void Read(int slot, long position)
    {
        getter(ref image!); // belongs to the source
        if (image is null)
            throw new InvalidOperationException($"Column '{columnName}' has no image in row {position}. Filter such rows out first.");
        byte[] rgb;
        try
        {
            rgb = ResTokImages.FitRgb(image, side, options.Resize);
        }
        catch (ArgumentException fault)
        {
            throw new InvalidOperationException($"Column '{columnName}', row {position}: {fault.Message}", fault);
        }
        int plane = side * side, start = slot * 3 * plane;
        for (int i = 0; i < plane; i++)
        {
            pixels[start + i] = rgb[3 * i] / 255f;
            pixels[start + plane + i] = rgb[3 * i + 1] / 255f;
            pixels[start + 2 * plane + i] = rgb[3 * i + 2] / 255f;
        }
    }

    public override void Run(int count)
    {
        using SharedModel.Lease lease = model.Use(environment);
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = torch.tensor(pixels.AsMemory(0, count * 3 * side * side), [count, 3, side, side]);
        using TokenizerEncoding encoding = lease.Tokenizer.Encode(batch);
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
        {
            int count = config.LatentTokens;
            // slot() runs the batch, which replaces the arrays: it comes first.
            return options.TokensAsKeys
                ? (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> value) => { int at = slot(); Copy(ref value, at, count, tokens, token => (uint)token + 1); })
                : (ValueGetter<VBuffer<int>>)((ref VBuffer<int> value) => { int at = slot(); Copy(ref value, at, count, tokens, token => (int)token); });
        }
        return output == 1 && options.LatentsColumnName is not null
            ? (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => { int at = slot(); Copy(ref value, at, config.TokenSize * config.LatentTokens, latents, x => x); })
            : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => { int at = slot(); Copy(ref value, at, config.EncoderWidth, features, x => x); });
    }

    private static void Copy<TFrom, TTo>(ref VBuffer<TTo> value, int slot, int count, TFrom[] from, Func<TFrom, TTo> convert)
    {
        VBufferEditor<TTo> editor = VBufferEditor.Create(ref value, count);
        for (int i = 0; i < count; i++)
            editor.Values[i] = convert(from[slot * count + i]);
        value = editor.Commit();
    }
}
