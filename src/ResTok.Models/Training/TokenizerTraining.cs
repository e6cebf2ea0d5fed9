using ResTok.Models.Evaluation;
using ResTok.Models.Tokenizer.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>Trains a tokenizer to rebuild images from any number of their leading tokens.</summary>
internal sealed class TokenizerTraining : TrainingRun<ImageTokenizer, byte[]>
{
    private const int PreviewImages = 8;

    private readonly TokenizerTrainingOptions options;
    private readonly IReadOnlyList<byte[]> validation;
    private readonly NestedDropout dropout;
    private readonly CodebookUse codebookUse;
    private readonly TokenizerObjective objective;
    private readonly ReconstructionNetworks? networks; // of validation

    /// <param name="tokenizer">What to train, float32.</param>
    /// <param name="images">Interleaved RGB of S×S pixels.</param>
    /// <param name="validation">Held-out images alike; none for no validation.</param>
    /// <param name="options">How to train.</param>
    public TokenizerTraining(ImageTokenizer tokenizer, ITrainingData<byte[]> images, IReadOnlyList<byte[]> validation, TokenizerTrainingOptions options)
        : base(tokenizer, () => ImageTokenizer.Create(tokenizer.Config, tokenizer.Device, Precision.BFloat16), images, options, options.DecoderOnly ? IsOfDecoder : null)
    {
        this.options = options;
        this.validation = validation;
        dropout = new(tokenizer.Config);
        codebookUse = new(tokenizer.Config.CodebookSize, options.ResetCodesEvery, tokenizer.Device);
        networks = validation.Count > 0 ? new(options.ValidationWeights, tokenizer.Device) : null;
        objective = new(tokenizer.Config, options, tokenizer.Device);
    }

    public override void Dispose()
    {
        codebookUse.Dispose();
        objective.Dispose();
        networks?.Dispose();
        base.Dispose();
    }

    protected override Tensor Loss(ImageTokenizer model, byte[][] batch, long step, int part, Metrics metrics)
    {
        using var scope = NewDisposeScope();
        Tensor images = ImageBatch.ToTensor(batch, model.Config.CropSize, model.Device);
        int[] tokenCounts = [.. Enumerable.Range(0, batch.Length).Select(i => dropout.Draw(options.Seed, step, part * options.BatchSize + i))];
        Reconstruction reconstruction = model.Reconstruct(images, tokenCounts, quantize: step >= options.QuantizeFrom, objective.FeatureToken, options.DecoderOnly);
        codebookUse.Observe(reconstruction.Quantization);
        return objective.Loss(images, reconstruction, model.Quantizer, step, SeedOf(step, part), metrics).MoveToOuterDisposeScope();
    }

    protected override void AfterStep(long step, Metrics metrics)
    {
        objective.Step(step, SeedOf(step, options.AccumulationSteps), metrics);
        if ((step + 1) % options.LogEvery == 0)
            metrics.Add("codebook_used", codebookUse.Share);
        codebookUse.Reset(Model.Quantizer.Codebook, options.Seed, step, all: step + 1 == options.QuantizeFrom);
    }

    protected override double? Validate(Metrics metrics)
    {
        if (validation.Count == 0)
            return null;
        using var curve = new ReconstructionCurve(Model, networks!, tokenCounts: null);
        foreach (byte[][] batch in validation.Chunk(options.BatchSize))
        {
            using Tensor images = ImageBatch.ToTensor(batch, Model.Config.CropSize, Model.Device);
            curve.Add(images);
        }
        IReadOnlyList<(int TokenCount, ReconstructionMetrics Metrics)> results = curve.Result();
        foreach ((int count, ReconstructionMetrics found) in results)
        {
            foreach ((string name, double? value) in new[]
            {
                ("psnr", found.Psnr), ("ssim", found.Ssim), ("lpips", found.Lpips), ("rfid", found.FrechetInceptionDistance),
                ("resnet18_perceptual", found.ResNet18PerceptualDistance), ("resnet18_frechet", found.ResNet18FrechetDistance),
            })
            {
                if (value is { } number)
                    metrics.Add(FormattableString.Invariant($"{name}_{count}"), number);
            }
        }
        return -results[^1].Metrics.Psnr;
    }

    /// <summary>Some validation images, and under them their reconstructions from more and more tokens.</summary>
    protected override TrainingPreview? Preview(long step)
    {
        if (validation.Count == 0)
            return null;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor images = ImageBatch.ToTensor([.. validation.Take(PreviewImages)], Model.Config.CropSize, Model.Device);
        using TokenizerEncoding encoding = Model.Encode(images);
        var rows = new List<Tensor> { images };
        foreach (int count in Model.Levels.Ends)
        {
            using Tensor rebuilt = Model.Decode(encoding.Tokens, count);
            rows.Add(rebuilt.alias());
        }
        return ImageBatch.Grid("reconstructions", step, rows);
    }

    protected override IEnumerable<KeyValuePair<string, Tensor>> ExtraState() => [KeyValuePair.Create("codebook_use", codebookUse.Counts), .. objective.State()];

    private static bool IsOfDecoder(string parameter) =>
        parameter.StartsWith("decoder.", StringComparison.Ordinal) || parameter.StartsWith("pixel_decoder.", StringComparison.Ordinal);

    /// <summary>A seed for each batch of the run and for what follows each step.</summary>
    private long SeedOf(long step, int part) => unchecked(options.Seed * 1_000_003 + step * (options.AccumulationSteps + 1) + part) & int.MaxValue;
}
