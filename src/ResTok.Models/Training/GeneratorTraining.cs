using ResTok.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>Trains a generator to predict every level from its class and the levels before.</summary>
internal sealed class GeneratorTraining : TrainingRun<ImageGenerator, TokenSample>
{
    private readonly GeneratorTrainingOptions options;
    private readonly IReadOnlyList<TokenSample> validation;

    public GeneratorTraining(ImageGenerator generator, ITrainingData<TokenSample> samples, IReadOnlyList<TokenSample> validation, GeneratorTrainingOptions options)
        : base(generator, () => ImageGenerator.Create(generator.Config, generator.Device, Precision.BFloat16), samples, options)
    {
        this.options = options;
        this.validation = validation;
    }

    protected override Tensor Loss(ImageGenerator model, TokenSample[] batch, long step, int part, Metrics metrics)
    {
        using var scope = NewDisposeScope();
        int first = part * options.BatchSize;
        long[] labels = [.. batch.Select((sample, i) => IsLabelDropped(step, first + i) ? model.Config.Classes : (long)sample.Label)];
        using var noise = new DropoutNoise(unchecked(options.Seed * 1_000_003 + step * options.AccumulationSteps + part));
        (Tensor loss, double accuracy) = Compare(model, labels, batch, noise);
        metrics.Add("accuracy", accuracy);
        return loss.MoveToOuterDisposeScope();
    }

    protected override double? Validate(Metrics metrics)
    {
        if (validation.Count == 0)
            return null;
        double losses = 0, correct = 0;
        foreach (TokenSample[] batch in validation.Chunk(options.BatchSize))
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            (Tensor loss, double accuracy) = Compare(Model, [.. batch.Select(sample => (long)sample.Label)], batch, null);
            losses += loss.item<float>() * batch.Length;
            correct += accuracy * batch.Length;
        }
        metrics.Add("validation_accuracy", correct / validation.Count);
        return losses / validation.Count;
    }

    /// <summary>Mean cross-entropy over all positions, and the share of tokens predicted right.</summary>
    private static (Tensor Loss, double Accuracy) Compare(ImageGenerator model, long[] labels, TokenSample[] batch, DropoutNoise? noise)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = Tokens(model.Config, batch).to(model.Device); // [B, N]
        Tensor logits = model.Predict(tensor(labels).to(model.Device), tokens, noise); // [B, N, V]
        Tensor loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten());
        double accuracy = logits.detach().argmax(-1).eq(tokens).to(ScalarType.Float32).mean().item<float>();
        return (loss.MoveToOuterDisposeScope(), accuracy);
    }

    private static Tensor Tokens(GeneratorConfig config, TokenSample[] batch)
    {
        var values = new long[batch.Length * config.Tokens];
        for (int i = 0; i < batch.Length; i++)
        {
            TokenSample sample = batch[i];
            if (sample.Label < 0 || sample.Label >= config.Classes)
                throw new ArgumentOutOfRangeException(nameof(batch), sample.Label, $"A sample has the label {sample.Label}, but the generator's classes are 0 to {config.Classes - 1}.");
            if (sample.Tokens.Count != config.Tokens)
                throw new ArgumentException($"A sample has {sample.Tokens.Count} tokens, but the generator's images have {config.Tokens}.", nameof(batch));
            for (int j = 0; j < config.Tokens; j++)
            {
                int token = sample.Tokens[j];
                if (token < 0 || token >= config.CodebookSize)
                    throw new ArgumentOutOfRangeException(nameof(batch), token, $"A sample has the token {token}, but tokens are 0 to {config.CodebookSize - 1}.");
                values[i * config.Tokens + j] = token;
            }
        }
        return tensor(values, [batch.Length, config.Tokens]);
    }

    private bool IsLabelDropped(long step, int sample)
    {
        (uint bits, _, _, _) = new RandomStream(options.Seed, (ulong)step, (uint)sample).Block(0);
        return bits / 4294967296.0 < Model.Config.ClassDropout;
    }
}
