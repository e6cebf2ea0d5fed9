using ResTok.Models.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests;

/// <summary>A model disposed while others use it: their calls end well, later ones throw. Before, libtorch read freed memory.</summary>
public class DisposalTests
{
    [Fact]
    public void A_generation_under_way_ends_well()
    {
        ImageGenerator generator = TinyModels.CreateGenerator(), other = TinyModels.CreateGenerator();
        using Tensor expected = other.Generate(new([1, 2]), SamplingOptions.Official);
        other.Dispose();
        using Tensor tokens = generator.Generate(new([1, 2]), SamplingOptions.Official, _ => generator.Dispose());
        Assert.Equal(expected.data<long>().ToArray(), tokens.data<long>().ToArray());
        Assert.Throws<ObjectDisposedException>(() => generator.Generate(new([1])));
        Assert.All(generator.StateDict.Values, parameter => Assert.True(parameter.IsInvalid));
    }

    [Fact]
    public async Task Previews_end_with_the_model()
    {
        ImageGenerator generator = TinyModels.CreateGenerator();
        int steps = 0;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationStep step in generator.GenerateAsync(new([1])))
            {
                steps++;
                generator.Dispose();
            }
        });
        Assert.Equal(1, steps);
        Assert.All(generator.StateDict.Values, parameter => Assert.True(parameter.IsInvalid));
    }

    [Fact]
    public void Many_threads_lose_a_tokenizer_at_once()
    {
        ImageTokenizer tokenizer = ImageTokenizer.Create(TinyModels.Tokenizer);
        using Tensor images = zeros(1, 3, 32, 32);
        using var started = new CountdownEvent(8);
        Task[] tasks = [.. Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() =>
        {
            started.Signal();
            while (true)
            {
                using TokenizerEncoding encoding = tokenizer.Encode(images);
                tokenizer.Decode(encoding.Tokens).Dispose();
            }
        }, TaskCreationOptions.LongRunning))];
        started.Wait();
        tokenizer.Dispose();
        AggregateException faults = Assert.Throws<AggregateException>(() => Task.WaitAll(tasks));
        Assert.Equal(8, faults.InnerExceptions.Count);
        Assert.All(faults.InnerExceptions, fault => Assert.IsType<ObjectDisposedException>(fault));
        Assert.All(tokenizer.StateDict.Values, parameter => Assert.True(parameter.IsInvalid));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_training_keeps_its_model()
    {
        ImageGenerator generator = TinyModels.CreateGenerator();
        var options = new GeneratorTrainingOptions { Steps = 3, BatchSize = 1, LogEvery = 1, Progress = new Disposing(generator) };
        Trainer.Train(generator, new Training.ListData<TokenSample>(Training.TrainingImages.Samples(2, generator.Config)), options);
        Assert.Throws<ObjectDisposedException>(() => generator.Generate(new([1])));
    }

    private sealed class Disposing(IDisposable model) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => model.Dispose();
    }
}
