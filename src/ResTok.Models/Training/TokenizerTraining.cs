using ResTok.Models.Tokenizer;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>Trains a tokenizer to rebuild pictures from any number of its leading tokens.</summary>
internal sealed class TokenizerTraining : TrainingRun<ImageTokenizer, byte[]>
{
    private readonly TokenizerTrainingOptions options;
    private readonly IReadOnlyList<byte[]> validation;
    private readonly NestedDropout dropout;
    private readonly CodebookUse use;
    private readonly TokenizerLosses losses;
    private Tensor? lastLatents;

    /// <param name="tokenizer">What to train, float32.</param>
    /// <param name="pictures">Interleaved RGB of S×S pixels.</param>
    /// <param name="validation">Held-out pictures alike; none for no validation.</param>
    /// <param name="options">How to train.</param>
    public TokenizerTraining(ImageTokenizer tokenizer, ITrainingData<byte[]> pictures, IReadOnlyList<byte[]> validation, TokenizerTrainingOptions options)
        : base(tokenizer, () => ImageTokenizer.Create(tokenizer.Config, tokenizer.Device, Precision.BFloat16), pictures, options)
    {
        this.options = options;
        this.validation = validation;
        dropout = new(tokenizer.Config);
        use = new(tokenizer.Config.CodebookSize, options.ResetCodesEvery, tokenizer.Device);
        losses = new(tokenizer.Config, options, tokenizer.Device);
    }

    public override void Dispose()
    {
        use.Dispose();
        losses.Dispose();
        lastLatents?.Dispose();
        base.Dispose();
    }

    protected override Tensor Loss(ImageTokenizer model, byte[][] batch, long step, int part, Metrics metrics)
    {
        using var scope = NewDisposeScope();
        Tensor images = Pictures.ToTensor(batch, model.Config.CropSize, model.Device);
        int[] counts = [.. Enumerable.Range(0, batch.Length).Select(i => dropout.Draw(options.Seed, step, part * options.BatchSize + i))];
        bool quantize = step >= options.QuantizeFrom;
        Reconstruction made = model.Reconstruct(images, counts, quantize, losses.FeatureToken);
        (Tensor rebuilt, Quantization quantization) = (made.Images, made.Quantization);
        Tensor reconstruction = options.Reconstruction == ReconstructionLoss.L1
            ? nn.functional.l1_loss(rebuilt, images)
            : nn.functional.mse_loss(rebuilt, images);
        (Tensor quantizer, Tensor commitment, Tensor codebook, Tensor entropy) = model.QuantizerLoss(quantization);
        metrics.Add("reconstruction_loss", reconstruction.item<float>());
        metrics.Add("commitment_loss", commitment.item<float>());
        metrics.Add("codebook_loss", codebook.item<float>());
        if (model.Config.EntropyLossRatio > 0)
            metrics.Add("entropy_loss", entropy.item<float>());
        use.Count(quantization);
        lastLatents?.Dispose();
        lastLatents = quantization.Latents.detach().DetachFromDisposeScope();
        Tensor total = options.ReconstructionWeight * reconstruction;
        if (quantize)
            total = total + options.QuantizerWeight * quantizer;
        if (losses.Sum(images, made, step, SeedOf(step, part), metrics) is { } more)
            total = total + more;
        return total.MoveToOuterDisposeScope();
    }

    protected override void AfterStep(long step, Metrics metrics)
    {
        losses.Step(step, SeedOf(step, options.AccumulationSteps), metrics);
        if ((step + 1) % options.LogEvery == 0)
            metrics.Add("codebook_used", use.Share);
        use.Reset(Model.StateDict["quantize.embedding.weight"], lastLatents!, options.Seed, step, all: step + 1 == options.QuantizeFrom);
    }

    protected override double? Validate(Metrics metrics)
    {
        if (validation.Count == 0)
            return null;
        int all = Model.Config.LatentTokens, side = Model.Config.CropSize;
        var squares = new Dictionary<int, double>();
        foreach (byte[][] batch in validation.Chunk(options.BatchSize))
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            Tensor images = Pictures.ToTensor(batch, side, Model.Device);
            using TokenizerEncoding encoding = Model.Encode(images);
            foreach (int count in Model.Levels.Offsets.Skip(1).Append(all).Distinct())
            {
                using Tensor rebuilt = Model.Decode(encoding.Tokens, count);
                squares[count] = squares.GetValueOrDefault(count) + (rebuilt.clamp(0, 1) - images).pow(2).mean([1, 2, 3]).log10().mul(-10).sum().item<float>();
            }
        }
        foreach ((int count, double sum) in squares)
            metrics.Add(FormattableString.Invariant($"psnr_{count}"), sum / validation.Count);
        return -squares[all] / validation.Count;
    }

    /// <summary>Eight validation pictures, and under them their reconstructions from more and more tokens.</summary>
    protected override TrainingPicture? Draw(long step)
    {
        if (validation.Count == 0)
            return null;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor images = Pictures.ToTensor([.. validation.Take(8)], Model.Config.CropSize, Model.Device);
        using TokenizerEncoding encoding = Model.Encode(images);
        var rows = new List<Tensor> { images };
        foreach (int count in Model.Levels.Offsets.Skip(1).Append(Model.Config.LatentTokens).Distinct())
        {
            using Tensor rebuilt = Model.Decode(encoding.Tokens, count);
            rows.Add(rebuilt.alias());
        }
        return Pictures.Grid("reconstructions", step, rows);
    }

    protected override IEnumerable<KeyValuePair<string, Tensor>> ExtraState() => [KeyValuePair.Create("codebook_use", use.Counts), .. losses.State()];

    /// <summary>A seed for each batch of the run and for what follows each step.</summary>
    private long SeedOf(long step, int part) => unchecked(options.Seed * 1_000_003 + step * (options.AccumulationSteps + 1) + part) & int.MaxValue;
}
