using ResTok.Models.Generator.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Generator;

public class ImageGeneratorTests
{
    private static readonly SamplingOptions Guided = SamplingOptions.Official with { Seed = 3 };

    private static int[][] Generate(ImageGenerator generator, GenerationRequest request, SamplingOptions options)
    {
        using Tensor tokens = generator.Generate(request, options);
        return Rows(tokens);
    }

    private static int[][] Rows(Tensor tokens) =>
        [.. tokens.data<long>().ToArray().Select(token => (int)token).Chunk((int)tokens.shape[1])];

    [Fact]
    public void A_row_is_the_same_alone_in_any_batch_and_in_any_order()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        int[] classes = [.. Enumerable.Range(0, 48).Select(i => i % 5)];
        long[] ids = [.. Enumerable.Range(0, 48).Select(i => 1000L - i)];
        int[][] expected = Generate(generator, new(classes) { RowIds = ids }, Guided);
        Assert.Equal(48, expected.Select(row => string.Join(",", row)).Distinct().Count()); // the ids tell rows of one class apart
        int[] order = [.. Enumerable.Range(0, 48)];
        new Random(5).Shuffle(order);
        foreach (int size in new[] { 1, 3, 16 })
        {
            foreach (int[] part in order.Chunk(size))
                Assert.Equal(part.Select(i => expected[i]), Generate(generator, new([.. part.Select(i => classes[i])]) { RowIds = [.. part.Select(i => ids[i])] }, Guided));
        }
        Assert.NotEqual(expected, Generate(generator, new(classes) { RowIds = ids }, Guided with { Seed = 4 }));
    }

    [Fact]
    public void Threads_and_a_reload_change_nothing()
    {
        using var folder = new TemporaryFolder();
        using ImageGenerator generator = TinyModels.CreateGenerator();
        generator.Save(folder.Path);
        using ImageGenerator loaded = ImageGenerator.Load(folder.Path);
        Assert.Equal(generator.Config, loaded.Config);
        var request = new GenerationRequest([0, 1, 2, 3]);
        int[][] expected = Generate(generator, request, Guided);
        var results = new int[32][][];
        Parallel.For(0, results.Length, new() { MaxDegreeOfParallelism = 8 }, i => results[i] = Generate(i % 2 == 0 ? generator : loaded, request, Guided));
        Assert.All(results, result => Assert.Equal(expected, result));
    }

    /// <summary>The unconditional half is left out where nothing needs it; what is computed with it must not notice.</summary>
    [Theory]
    [InlineData(GuidanceSchedule.Cosine)] // 1 in the first pass
    [InlineData(GuidanceSchedule.CosineReversed)] // 1 in the last pass: the reference crashes
    [InlineData(GuidanceSchedule.LinearReversed)]
    [InlineData(GuidanceSchedule.Triangular)]
    [InlineData(GuidanceSchedule.Rectangular)] // none after 0.5
    public void Guidance_equals_two_plain_runs(GuidanceSchedule schedule)
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        var options = new SamplingOptions { Greedy = true, Schedule = schedule, GuidanceScale = 3, GuidanceStart = 0.2, GuidanceEnd = 0.5, MinGuidanceScale = 0.5 };
        double[] scales = Guidance.Scales(options, generator.Transformer.Layout.Passes);
        var guided = new List<Tensor>();
        using var run = new TorchGenerationRun(generator.Transformer, new([2]), options, generator.Config.Tokens, scales);
        while (!run.IsComplete)
        {
            guided.Add(run.Predict());
            run.Sample(guided[^1]);
        }
        using Tensor tokens = run.Step().ToTensor(), actual = cat(guided, 1);
        guided.ForEach(part => part.Dispose());

        using var scope = NewDisposeScope();
        Tensor conditional = generator.Transformer.Forward(tensor(new[] { 2L }), tokens, 0, 16, 16, null);
        Tensor unconditional = generator.Transformer.Forward(tensor(new[] { 5L }), tokens, 0, 16, 16, null);
        Tensor scale = tensor(generator.Transformer.Layout.Passes.SelectMany((pass, i) => Enumerable.Repeat((float)Math.Max(1, scales[i]), pass.Count)).ToArray()).view(1, 16, 1);
        Tensor expected = unconditional + (conditional - unconditional) * scale;
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-4);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    public void Grouped_query_attention_equals_repeated_heads(int keyValueHeads, bool hierarchical)
    {
        GeneratorConfig config = TinyModels.Generator with { KeyValueHeads = keyValueHeads, Hierarchical = hierarchical };
        using ImageGenerator grouped = TinyModels.CreateGenerator(config);
        using ImageGenerator full = TinyModels.CreateGenerator(config with { KeyValueHeads = null });
        using (no_grad())
        using (NewDisposeScope())
        {
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in grouped.StateDict)
            {
                Tensor weight = parameter;
                if (name.EndsWith("wqkv.weight", StringComparison.Ordinal))
                {
                    Tensor[] heads = parameter.split(8); // a head has 8 features
                    weight = cat([
                        .. heads[..4],
                        .. heads[4..(4 + keyValueHeads)].SelectMany(head => Enumerable.Repeat(head, 4 / keyValueHeads)),
                        .. heads[(4 + keyValueHeads)..].SelectMany(head => Enumerable.Repeat(head, 4 / keyValueHeads))]);
                }
                full.StateDict[name].copy_(weight);
            }
        }
        Assert.Equal(Generate(full, new([0, 1, 2]), Guided), Generate(grouped, new([0, 1, 2]), Guided));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 5)]
    [InlineData(8, 9)]
    [InlineData(16, 16)]
    public void Every_number_of_autoregressive_tokens_generates_what_teacher_forcing_predicts(int autoregressive, int passes)
    {
        GeneratorConfig config = TinyModels.Generator with { AutoregressiveTokens = autoregressive };
        Assert.Equal(passes, config.Passes);
        AssertGreedyAgreesWithTeacher(config);
    }

    [Fact]
    public void Token_by_token_generates_what_teacher_forcing_predicts()
    {
        GeneratorConfig config = TinyModels.Generator with { Hierarchical = false };
        Assert.Equal(16, config.Passes);
        AssertGreedyAgreesWithTeacher(config);
    }

    private static void AssertGreedyAgreesWithTeacher(GeneratorConfig config)
    {
        using ImageGenerator generator = TinyModels.CreateGenerator(config);
        using Tensor tokens = generator.Generate(new([1, 4]), new() { Greedy = true });
        using Tensor logits = generator.PredictLogits([1, 4], tokens);
        using Tensor predicted = logits.argmax(-1);
        Assert.Equal(Rows(tokens), Rows(predicted));
    }

    [Fact]
    public void Fewer_levels_are_the_beginning_of_all_levels()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        int[][] all = Generate(generator, new([0, 3]), Guided);
        for (int levels = 1; levels <= generator.Levels.Count; levels++)
        {
            int count = generator.Levels.Offsets[levels - 1] + generator.Levels.Sizes[levels - 1];
            Assert.Equal(all.Select(row => row[..count]), Generate(generator, new([0, 3]) { Levels = levels }, Guided));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_prefix_is_kept_and_continued_as_if_it_had_been_generated(bool hierarchical)
    {
        using ImageGenerator generator = TinyModels.CreateGenerator(TinyModels.Generator with { Hierarchical = hierarchical });
        int[][] all = Generate(generator, new([0, 3]), Guided);
        foreach (int kept in hierarchical ? new[] { 0, 1, 3, 4, 8, 16 } : [0, 1, 5, 15, 16])
        {
            Assert.Equal(all, Generate(generator, new([0, 3]) { Prefix = [.. all.Select(row => row[..kept])] }, Guided));
            if (kept is > 0 and < 16)
            {
                int[][] varied = Generate(generator, new([0, 3]) { Prefix = [.. all.Select(row => row[..kept])] }, Guided with { Seed = 99 });
                Assert.Equal(all.Select(row => row[..kept]), varied.Select(row => row[..kept]));
                Assert.NotEqual(all, varied);
            }
        }
    }

    [Fact]
    public async Task Previews_come_after_every_pass_and_end_with_the_result()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        int[][] all = Generate(generator, new([0, 3]), Guided);
        var counts = new List<int>();
        await foreach (GenerationStep step in generator.GenerateAsync(new([0, 3]), Guided))
        {
            Assert.Equal((counts.Count + 1, 6), (step.Pass, step.Passes));
            Assert.Equal(all.Select(row => row[..step.TokenCount]), step.Rows);
            counts.Add(step.TokenCount);
        }
        Assert.Equal([1, 2, 3, 4, 8, 16], counts);
    }

    [Fact]
    public async Task Cancelling_ends_a_generation_between_passes()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        for (int after = 0; after < 6; after++)
        {
            using var cancellation = new CancellationTokenSource();
            int steps = 0;
            if (after == 0)
                cancellation.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (GenerationStep step in generator.GenerateAsync(new([0]), Guided).WithCancellation(cancellation.Token))
                {
                    if (++steps == after)
                        cancellation.Cancel();
                    Assert.True(after < 6 && step.Pass < 6);
                }
            });
            Assert.Equal(after, steps);
        }
        using var second = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => generator.Generate(new([0]), Guided, _ => second.Cancel(), second.Token));
    }

    [Fact]
    public void Mixing_takes_coarse_levels_of_one_and_fine_levels_of_another()
    {
        var levels = new TokenLevels(8);
        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2], levels.Splice([1, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2, 2, 2], 3));
        Assert.Equal([2, 2, 2, 2, 2, 2, 2, 2], levels.Splice([], [2, 2, 2, 2, 2, 2, 2, 2], 0));
        Assert.Throws<ArgumentException>(() => levels.Splice([1], [2, 2, 2, 2, 2, 2, 2, 2], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => levels.Splice([], [], 5));
    }

    [Fact]
    public void What_cannot_be_generated_is_refused_with_the_reason()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        AssertFault("from 0 to 4", new([5]));
        AssertFault("from 0 to 4", new([0, -1]));
        AssertFault("no class", new([]));
        AssertFault("2 row ids for 1", new([0]) { RowIds = [1, 2] });
        AssertFault("from 1 to 5", new([0]) { Levels = 6 });
        AssertFault("one of 0, 1, 2, 3, 4, 8, 16", new([0]) { Prefix = [[1, 2, 3, 4, 5]] });
        AssertFault("one of 0, 1, 2", new([0]) { Prefix = [[1, 2, 3, 4]], Levels = 2 });
        AssertFault("same length", new([0, 1]) { Prefix = [[1], [1, 2]] });
        AssertFault("from 0 to 63", new([0]) { Prefix = [[64]] });
        AssertFault("TopP is 0, but", new([0]), new() { TopP = 0 });
        AssertFault("Temperature is 0, but", new([0]), new() { Temperature = 0 });
        AssertFault("NumSteps is 1, but", new([0]), new() { NumSteps = 1 });
        ArgumentException fault = Assert.Throws<ArgumentException>(() => SamplingOptions.ParseSchedule("sigmoid"));
        Assert.Contains("constant, linear, linear_re, linear_constant, triangular, rectangular, step, cosine, cosine_re", fault.Message);

        using ImageGenerator unguided = TinyModels.CreateGenerator(TinyModels.Generator with { ClassDropout = 0 });
        Assert.Contains("null class", Assert.Throws<ArgumentException>(() => unguided.Generate(new([0]), Guided)).Message);
        unguided.Generate(new([0]), new()).Dispose();

        void AssertFault(string message, GenerationRequest request, SamplingOptions? options = null)
        {
            Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => generator.Generate(request, options)).Message);
            Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => generator.GenerateAsync(request, options)).Message);
        }
    }

    [Fact]
    public void Bfloat16_generates()
    {
        using var folder = new TemporaryFolder();
        using (ImageGenerator generator = TinyModels.CreateGenerator())
            generator.Save(folder.Path);
        using ImageGenerator half = ImageGenerator.Load(folder.Path, precision: Precision.BFloat16);
        Assert.All(half.StateDict.Values, parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
        Assert.Equal(16, Generate(half, new([0]), Guided)[0].Length);
    }
}
