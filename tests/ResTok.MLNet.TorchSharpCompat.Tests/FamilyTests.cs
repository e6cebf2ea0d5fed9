using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>Their stages and ours in one chain, one context: devices, log, cancellation, disposal.</summary>
public sealed class FamilyTests(WeightsFolder weights) : IClassFixture<WeightsFolder>
{
    private const int NoSuchGpu = 99;

    private static readonly TrainerRun Classifier = FiveTrainers.Named("classification");

    [Fact]
    public void A_gpu_that_is_not_there_is_refused_in_the_same_words()
    {
        MLContext ml = weights.ContextFor(Classifier);
        (ml.GpuDeviceId, ml.FallbackToCpu) = (NoSuchGpu, false);
        IDataView data = Classifier.Data(ml);
        var fault = Assert.Throws<InvalidOperationException>(() => Classifier.Pipeline(ml).Fit(data));
        Assert.StartsWith($"GPU {NoSuchGpu} was asked for (MLContext.GpuDeviceId)", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, Assert.Throws<InvalidOperationException>(() => TorchDevice.Choose(ml)).Message);
    }

    [Fact]
    public void Where_it_may_fall_back_both_compute_on_the_cpu_and_say_so_in_the_contexts_log()
    {
        MLContext ml = weights.ContextFor(Classifier);
        (ml.GpuDeviceId, ml.FallbackToCpu) = (NoSuchGpu, true);
        var log = new List<string>();
        ml.Log += (_, entry) => log.Add(entry.Message);
        using TrainedChain chain = Chain(ml);
        Assert.All(chain.Tokens(), tokens => Assert.Equal(128, tokens.Length));
        Assert.Contains(log, entry => entry.Contains($"GPU {NoSuchGpu} was asked for", StringComparison.Ordinal));
        Assert.Contains(log, entry => entry.Contains("Starting epoch 0", StringComparison.Ordinal));
    }

    [Fact]
    public void Cancelling_a_context_ends_their_training_and_our_stages()
    {
        MLContext ml = weights.ContextFor(Classifier);
        using TrainedChain chain = Chain(ml);
        using var source = new CancellationTokenSource();
        using (ml.CancelWith(source.Token))
        {
            source.Cancel();
            Assert.Throws<OperationCanceledException>(() => Classifier.Pipeline(ml).Fit(chain.Data));
            Assert.Throws<OperationCanceledException>(() => chain.Tokens());
        }
    }

    [Fact]
    public void Disposing_a_chain_frees_their_network_and_lets_go_of_ours()
    {
        MLContext ml = weights.ContextFor(Classifier);
        TrainedChain chain = Chain(ml);
        torch.nn.Module network = chain.TheirNetwork();
        torch.Tensor[] parameters = [.. network.parameters()];
        Assert.All(parameters, parameter => Assert.False(parameter.IsInvalid));
        chain.Dispose();
        Assert.All(parameters, parameter => Assert.True(parameter.IsInvalid));
        Assert.Throws<ObjectDisposedException>(() => chain.Tokens());
    }

    [Fact]
    public void A_prediction_engine_gives_what_the_chain_gives()
    {
        MLContext ml = weights.ContextFor(Classifier);
        using TrainedChain chain = Chain(ml);
        string zip = weights.File("chain.zip");
        ml.Model.Save(chain.Model, chain.Data.Schema, zip);
        var fresh = new MLContext();
        using var engine = fresh.Model.CreatePredictionEngine<Sentence, Drawn>(fresh.Model.Load(zip, out _));
        Assert.Equal(chain.Tokens(), fresh.Data.CreateEnumerable<Sentence>(chain.Data, reuseRowObject: false).Select(sentence => engine.Predict(sentence).Tokens));
    }

    private static TrainedChain Chain(MLContext ml)
    {
        using ResTokGenerator generator = ResTokGenerator.Demo();
        IDataView data = Classifier.Data(ml);
        // The seed is of the class and not of the row, so that a row drawn alone is the same.
        var pipeline = Classifier.Pipeline(ml)
            .Append(ml.Transforms.CopyColumns("Seed", "PredictedLabel"))
            .Append(ml.Transforms.ResTokGenerate("Tokens", "PredictedLabel", generator, new() { SeedColumnName = "Seed" }));
        return new(pipeline.Fit(data), data);
    }

    /// <summary>Sentence → their class → our tokens, trained.</summary>
    private sealed record TrainedChain(ITransformer Model, IDataView Data) : IDisposable
    {
        public int[][] Tokens() => [.. Model.Transform(Data).GetColumn<int[]>("Tokens")];

        public torch.nn.Module TheirNetwork()
        {
            object trained = Stages(Model).Single(stage => stage.GetType().Name == "TextClassificationTransformer");
            FieldInfo? field = null;
            for (Type? type = trained.GetType(); field is null; type = type!.BaseType)
                field = type!.GetField("Model", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
            return (torch.nn.Module)field.GetValue(trained)!;
        }

        public void Dispose() => ((IDisposable)Model).Dispose();

        private static IEnumerable<ITransformer> Stages(ITransformer model) =>
            model is IEnumerable<ITransformer> chain ? chain.SelectMany(Stages) : [model];
    }

    private sealed class Drawn
    {
        public int[] Tokens { get; set; } = [];
    }
}
