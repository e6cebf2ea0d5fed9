using ResTok.Models;
using ResTok.Models.Tokenizer.Networks;

namespace ResTok.Benchmarks.Arithmetic;

/// <summary>A stage of a network and an operation in it.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Operation">What is called.</param>
/// <param name="Count">How often.</param>
internal sealed record Work(string Stage, Operation Operation, int Count = 1);

/// <summary>
/// What the tokenizer computes, counted from its configuration alone: linear layers, convolutions, and those pairs of attention that
/// the mask lets through. The quantiser's small product and everything element by element count as nothing.
/// </summary>
internal sealed class TokenizerArithmetic(TokenizerConfig config, int batch)
{
    public const string PixelEncoder = "pixel encoder", Encoder = "encoder", Decoder = "decoder", PixelDecoder = "pixel decoder";

    private readonly TokenLevels levels = new(config.LatentTokens);

    public IReadOnlyList<Work> Encode() => [.. EncodePixels(), .. EncodeLatents()];

    public IReadOnlyList<Work> Decode() => [.. DecodeLatents(), .. DecodePixels()];

    private IEnumerable<Work> EncodePixels()
    {
        if (!config.PixelEncoder)
            yield break;
        int[] multipliers = Models.Tokenizer.Networks.PixelEncoder.Multipliers;
        int side = config.CropSize, channels = config.PixelHiddenChannels;
        yield return Convolution(PixelEncoder, 3, channels, 3, side);
        for (int i = 0; i < multipliers.Length; i++)
        {
            int outputs = config.PixelHiddenChannels * multipliers[i];
            foreach (Work work in Blocks(PixelEncoder, channels, outputs, side))
                yield return work;
            channels = outputs;
            if (i < multipliers.Length - 1)
                side /= 2;
        }
        foreach (Work work in Blocks(PixelEncoder, channels, channels, side))
            yield return work;
        yield return Convolution(PixelEncoder, channels, Models.Tokenizer.Networks.PixelEncoder.OutputChannels, 1, side);
    }

    private IEnumerable<Work> EncodeLatents()
    {
        VitDimensions size = VitDimensions.Of(config.EncoderSize);
        int side = config.CropSize / config.EncoderPatchSize;
        var schedule = new MergeSchedule(config, size.Layers, side);
        int patch = config.PixelEncoder ? Models.Tokenizer.Networks.PixelEncoder.OutputChannels : 3 * config.EncoderPatchSize * config.EncoderPatchSize;
        yield return Linear(Encoder, side * side, patch, size.Width);
        int stage = 0;
        for (int i = 0; i < size.Layers; i++)
        {
            int[] blocks = Sizes(stage);
            int after = schedule.MergesIn(i) ? Sizes(++stage).Sum() : blocks.Sum(); // the MLP comes after the merge
            foreach (Work work in TransformerBlock(Encoder, size, blocks, after))
                yield return work;
        }
        yield return Linear(Encoder, levels.TokenCount, size.Width, config.TokenSize);

        int[] Sizes(int ofStage) => [.. schedule.Stages[ofStage].Select(grid => grid.Rows * grid.Columns), .. levels.Sizes];
    }

    private IEnumerable<Work> DecodeLatents()
    {
        VitDimensions size = VitDimensions.Of(config.DecoderSize);
        int side = config.CropSize / config.DecoderPatchSize, length = levels.TokenCount + side * side;
        yield return Linear(Decoder, levels.TokenCount, config.TokenSize, size.Width);
        for (int i = 0; i < size.Layers; i++)
        {
            foreach (Work work in TransformerBlock(Decoder, size, [length], length))
                yield return work;
        }
        yield return Linear(Decoder, side * side, size.Width, Models.Tokenizer.Networks.PixelEncoder.OutputChannels);
    }

    private IEnumerable<Work> DecodePixels()
    {
        int[] multipliers = Models.Tokenizer.Networks.PixelEncoder.Multipliers;
        int side = config.CropSize / config.DecoderPatchSize, channels = config.PixelHiddenChannels * multipliers[^1];
        yield return Convolution(PixelDecoder, Models.Tokenizer.Networks.PixelEncoder.OutputChannels, channels, 3, side);
        foreach (Work work in Blocks(PixelDecoder, channels, channels, side))
            yield return work;
        for (int i = multipliers.Length - 1; i >= 0; i--)
        {
            int outputs = config.PixelHiddenChannels * multipliers[i];
            foreach (Work work in Blocks(PixelDecoder, channels, outputs, side))
                yield return work;
            channels = outputs;
            if (i > 0)
                yield return Convolution(PixelDecoder, channels, channels, 3, side *= 2);
        }
        yield return Convolution(PixelDecoder, channels, 3, 3, side);
    }

    /// <summary>Two residual blocks of the convolutional networks; the first may change the channels.</summary>
    private IEnumerable<Work> Blocks(string stage, int inputs, int outputs, int side)
    {
        yield return Convolution(stage, inputs, outputs, 3, side);
        yield return Convolution(stage, outputs, outputs, 3, side, 3);
        if (inputs != outputs)
            yield return Convolution(stage, outputs, outputs, 1, side);
    }

    /// <param name="stage">Where.</param>
    /// <param name="size">Of the transformer.</param>
    /// <param name="blocks">Tokens that see each other and all before, in sequence order.</param>
    /// <param name="after">Tokens in the MLP.</param>
    private IEnumerable<Work> TransformerBlock(string stage, VitDimensions size, int[] blocks, int after)
    {
        int length = blocks.Sum(), pairs = 0, seen = 0;
        foreach (int block in blocks)
            pairs += block * (seen += block);
        yield return Linear(stage, length, size.Width, 3 * size.Width);
        yield return new(stage, new AttentionOperation(batch, size.Heads, size.HeadWidth, length, length, pairs));
        yield return Linear(stage, length, size.Width, size.Width);
        yield return Linear(stage, after, size.Width, 4 * size.Width);
        yield return Linear(stage, after, 4 * size.Width, size.Width);
    }

    private Work Linear(string stage, long rows, long inputs, long outputs) => new(stage, new LinearOperation(batch * rows, inputs, outputs));

    private Work Convolution(string stage, int inputs, int outputs, int kernel, int side, int count = 1) =>
        new(stage, new ConvolutionOperation(batch, inputs, outputs, kernel, side), count);
}
