using ResTok.Models.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Training;

public class OptimizerTests
{
    [Fact]
    public void The_learning_rate_rises_linearly_and_falls_by_half_a_cosine()
    {
        var options = new TokenizerTrainingOptions { LearningRate = 1e-3, EndLearningRate = 1e-4, WarmupSteps = 10, Steps = 110 };
        Assert.Equal(0, LearningRateSchedule.At(options, 0));
        Assert.Equal(5e-4, LearningRateSchedule.At(options, 5), 1e-12);
        Assert.Equal(1e-3, LearningRateSchedule.At(options, 10), 1e-12);
        Assert.Equal(5.5e-4, LearningRateSchedule.At(options, 60), 1e-12);
        Assert.Equal(1e-4, LearningRateSchedule.At(options, 110), 1e-12);
    }

    [Fact]
    public void The_average_warms_up() =>
        Assert.Equal([0, 2.0 / 11, 3.0 / 12, 0.9999], new[] { 0L, 1, 2, 10_000_000 }.Select(update => MovingAverage.DecayAt(update, 0.9999)));

    [Theory]
    [InlineData("encoder.blocks.0.mlp.fc1.weight", 2, true)]
    [InlineData("pixel_encoder.conv_in.weight", 4, true)]
    [InlineData("layers.0.attention.wqkv.weight", 2, true)]
    [InlineData("encoder.blocks.0.mlp.fc1.bias", 1, false)]
    [InlineData("encoder.patch_embed.weight", 4, false)]
    [InlineData("decoder.decoder_embed.0.weight", 2, false)]
    [InlineData("quantize.embedding.weight", 2, false)]
    [InlineData("decoder.mask_token", 3, false)]
    [InlineData("tok_embeddings.weight", 2, false)]
    public void Weight_decay_spares_what_the_reference_spares(string name, int rank, bool decays)
    {
        using Tensor parameter = zeros([.. Enumerable.Repeat(2L, rank)]);
        Assert.Equal(decays, AdamW.Decays(name, parameter));
    }

    /// <summary>Three steps, recomputed in float64 by the textbook.</summary>
    [Fact]
    public void Steps_of_optimiser_and_average_equal_a_recomputation()
    {
        var options = new GeneratorTrainingOptions { LearningRate = 0.1, EndLearningRate = 0.01, WarmupSteps = 1, Steps = 4, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.05, EmaDecay = 0.3 };
        double[] weight = [1, -2, 0.5, 3], average = [.. weight], mean = new double[4], square = new double[4];
        double[][] gradients = [[0.1, -0.2, 0.3, 4], [0, 0.5, -0.1, -2], [1e-4, 1e-3, 1, 0.3]];
        using var parameter = new TorchSharp.Modules.Parameter(tensor(weight.Select(w => (float)w).ToArray(), [2, 2]));
        var parameters = new Dictionary<string, TorchSharp.Modules.Parameter> { ["layer.weight"] = parameter };
        using var blocks = new ParameterBlocks(parameters, AdamW.KindOf);
        using var optimizer = new AdamW(blocks, options);
        using var ema = new MovingAverage(blocks, options.EmaDecay);
        for (int step = 0; step < gradients.Length; step++)
        {
            using (no_grad())
                parameter.grad!.copy_(tensor(gradients[step].Select(g => (float)g).ToArray(), [2, 2]));
            optimizer.Step(step);
            ema.Update(step);

            double rate = step == 0 ? 0 : 0.01 + 0.09 * 0.5 * (1 + Math.Cos(Math.PI * (step - 1) / 3.0));
            double decay = step == 0 ? 0 : Math.Min((1.0 + step) / (10 + step), 0.3);
            for (int i = 0; i < 4; i++)
            {
                mean[i] = 0.9 * mean[i] + 0.1 * gradients[step][i];
                square[i] = 0.95 * square[i] + 0.05 * gradients[step][i] * gradients[step][i];
                weight[i] -= rate * 0.05 * weight[i];
                weight[i] -= rate * (mean[i] / (1 - Math.Pow(0.9, step + 1))) / (Math.Sqrt(square[i] / (1 - Math.Pow(0.95, step + 1))) + 1e-8);
                average[i] = decay * average[i] + (1 - decay) * weight[i];
            }
            AssertNear(weight, parameter);
            AssertNear(average, ema.State.Single(entry => entry.Key == "layer.weight.ema").Value);
        }

        static void AssertNear(double[] expected, Tensor actual)
        {
            float[] values = actual.detach().flatten().data<float>().ToArray();
            Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * Math.Max(1, Math.Abs(pair.First))));
        }
    }

    [Fact]
    public void Nested_dropout_draws_the_references_probabilities()
    {
        var dropout = new NestedDropout(new TokenizerConfig());
        Assert.Equal([4, 8, 16, 32, 64, 128], dropout.Distribution.Select(item => item.Count));
        double[] expected = [1 / 155.0, 2 / 155.0, 4 / 155.0, 8 / 155.0, 16 / 155.0, 124 / 155.0];
        Assert.All(dropout.Distribution.Zip(expected), pair => Assert.Equal(pair.Second, pair.First.Probability, 1e-12));
        const int Draws = 100_000;
        var counts = Enumerable.Range(0, Draws).Select(i => dropout.Draw(1, i / 32, i % 32)).CountBy(count => count).ToDictionary();
        Assert.All(dropout.Distribution, item =>
            Assert.InRange(Math.Abs(counts[item.Count] - Draws * item.Probability), 0, 5 * Math.Sqrt(Draws * item.Probability * (1 - item.Probability))));
        Assert.Equal([128], new NestedDropout(new TokenizerConfig { DropLatentTokens = false }).Distribution.Select(item => item.Count));
    }
}
