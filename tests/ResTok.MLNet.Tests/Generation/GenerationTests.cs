using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

public sealed class GenerationTests : GenerationFixture
{
    [Fact]
    public void Tokens_are_the_same_for_any_batch_size_order_and_number_of_cursors()
    {
        string[] expected = Tokens(new() { BatchSize = 1 });
        Assert.Equal(37, expected.Distinct().Count());
        Assert.Equal(expected, Tokens(new() { BatchSize = 3 }));
        Assert.Equal(expected, Tokens(new() { BatchSize = 16 }));

        using ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Fit(Data);
        IDataView shuffled = ml.Data.ShuffleRows(Data, seed: 4);
        Assert.NotEqual(Enumerable.Range(0, 37), shuffled.GetColumn<int>("Id"));
        Assert.Equal(expected, ById(transformer.Transform(shuffled)));
        Assert.Equal(expected, ById(transformer.Transform(ml.Data.Cache(Data))));
        Assert.Equal(expected, ById(ml.Data.ShuffleRows(transformer.Transform(Data), seed: 6)));

        IDataView view = transformer.Transform(ml.Data.Cache(Data));
        var seen = new ConcurrentDictionary<int, string>();
        Parallel.ForEach(view.GetRowCursorSet([view.Schema["Id"], view.Schema["Tokens"]], 4), cursor =>
        {
            foreach ((int id, string tokens) in Read(cursor))
                Assert.True(seen.TryAdd(id, tokens));
        });
        Assert.Equal(expected, seen.OrderBy(pair => pair.Key).Select(pair => pair.Value));
    }

    [Fact]
    public void A_seed_column_chooses_the_image()
    {
        string[] tokens = Tokens(new() { SeedColumnName = "Seed" });
        Assert.Equal(37, tokens.Distinct().Count()); // neighbours share a seed, but not their label
        wishes.ForEach(wish => wish.Label = 2);
        tokens = Tokens(new() { SeedColumnName = "Seed" });
        Assert.Equal(19, tokens.Distinct().Count());
        Assert.Equal(tokens[0], tokens[1]);
        Assert.NotEqual(tokens, Tokens(new() { SeedColumnName = "Seed", Sampling = SamplingOptions.Official with { Seed = 1 } }));
    }

    [Fact]
    public void Every_label_type_means_the_same_class()
    {
        string[] expected = Tokens(new());
        IDataView keys = ml.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(Data).Transform(Data);
        Assert.Equal(expected, Tokens(new(), keys));
        AssertType(label => (sbyte)label);
        AssertType(label => (byte)label);
        AssertType(label => (short)label);
        AssertType(label => (ushort)label);
        AssertType(label => (uint)label);
        AssertType(label => (long)label);
        AssertType(label => (ulong)label);

        void AssertType<T>(Func<int, T> convert) => Assert.Equal(
            expected, Tokens(new(), ml.Data.LoadFromEnumerable(wishes.Select(wish => new Typed<T> { Id = wish.Id, Label = convert(wish.Label) }))));
    }

    [Fact]
    public void Fewer_levels_and_keys()
    {
        string[] all = Tokens(new());
        Assert.Equal(all.Select(row => Join(row.Split(',').Take(4).Select(int.Parse))), Tokens(new() { Levels = 3 }));

        using ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { TokensAsKeys = true, Levels = 3 }).Fit(Data);
        IDataView view = transformer.Transform(Data);
        var type = Assert.IsType<VectorDataViewType>(view.Schema["Tokens"].Type);
        Assert.Equal((4, 64UL), (type.Size, Assert.IsType<KeyDataViewType>(type.ItemType).Count));
        VBuffer<ReadOnlyMemory<char>> names = default;
        view.Schema["Tokens"].GetSlotNames(ref names);
        Assert.Equal(["level0.0", "level1.0", "level2.0", "level2.1"], names.DenseValues().Select(name => name.ToString()));
        Assert.Equal(all.Select(row => row.Split(',').Take(4).Select(token => uint.Parse(token) + 1)), view.GetColumn<uint[]>("Tokens"));
    }

    [Fact]
    public void Variations_keep_the_coarse_levels()
    {
        using ResTokGenerationTransformer first = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Fit(Data);
        IDataView original = first.Transform(Data);
        int[][] tokens = [.. original.GetColumn<int[]>("Tokens")];
        using ResTokGenerationTransformer vary = ml.Transforms.ResTokGenerate("Varied", "Label", generator,
            new() { PrefixColumnName = "Tokens", PrefixLevels = 4, Sampling = SamplingOptions.Official with { Seed = 9 } }).Fit(original);
        int[][] varied = [.. vary.Transform(original).GetColumn<int[]>("Varied")];
        Assert.Equal(tokens.Select(row => row[..8]), varied.Select(row => row[..8]));
        Assert.All(tokens.Zip(varied), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void Prefixes_of_different_lengths_share_a_batch()
    {
        int[][] all = [.. Tokens(new()).Select(row => row.Split(',').Select(int.Parse).ToArray())];
        int[] lengths = [0, 1, 2, 3, 4, 8, 16];
        IDataView data = ml.Data.LoadFromEnumerable(wishes.Select(wish => new Continued { Id = wish.Id, Label = wish.Label, Start = all[wish.Id][..lengths[wish.Id % 7]] }));
        using ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { PrefixColumnName = "Start" }).Fit(data);
        Assert.Equal(all, transformer.Transform(data).GetColumn<int[]>("Tokens")); // the same streams continue as they began
    }

    [Fact]
    public void Progress_is_reported()
    {
        var reports = new List<ResTokGenerationProgress>();
        using ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate(
            "Tokens", "Label", generator, new() { BatchSize = 8, Progress = new Reports(reports.Add) }).Fit(Data);
        Assert.Equal(37, transformer.Transform(Data).GetColumn<int[]>("Tokens").Count());
        Assert.Equal((6, 6), (reports[5].Pass, reports[5].Passes));
        Assert.Equal([0, 1, 5, 13, 21, 29], reports.Select(report => report.Images).Distinct()); // batches of 1, 4, 8, 8, 8, 8
        Assert.True(reports[^1].ImagesPerSecond > 0);
    }

    [Fact]
    public void Faults_name_the_column_the_row_and_the_value()
    {
        wishes[3].Label = 5;
        AssertFault("Column 'Label' has the label 5 in row 3, but the generator's classes are 0 to 4", () => Tokens(new()));
        wishes[3].Label = -7;
        AssertFault("the label -7 in row 3", () => Tokens(new()));
        wishes[3].Label = 0;
        AssertFault("There is no column 'Nope' of labels", () => ml.Transforms.ResTokGenerate("Tokens", "Nope", generator).Fit(Data));
        AssertFault("Column 'Name' of labels holds text, but the generator does not know its classes' names", () => ml.Transforms.ResTokGenerate("Tokens", "Name", generator).Fit(Data));
        AssertFault("There is no column 'Nope' of seeds", () => Tokens(new() { SeedColumnName = "Nope" }));
        AssertFault("There is no column 'Nope' of tokens", () => Tokens(new() { PrefixColumnName = "Nope" }));
        AssertFault("There is no column 'Nope' of seeds", () => ml.Transforms.CopyColumns("Id2", "Id").Append(ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "Nope" })).Fit(Data));
        AssertFault("levels must be from 1 to the model's 5", () => Tokens(new() { Levels = 6 }));
        AssertFault("no prefix column", () => Tokens(new() { PrefixLevels = 1 }));
        AssertFault("prefix levels must be from 0 to the 2 levels", () => Tokens(new() { PrefixColumnName = "Start", PrefixLevels = 3, Levels = 2 }));
        AssertFault("batch size", () => Tokens(new() { BatchSize = 0 }));
        AssertFault("TopP is 2, but", () => Tokens(new() { Sampling = new() { TopP = 2 } }));

        IDataView prefixes = ml.Data.LoadFromEnumerable(new[] { new Continued { Start = [1] }, new Continued { Start = [1, 64] } });
        AssertFault("Column 'Start' has the token 64 at index 1 of row 1", () => Tokens(new() { PrefixColumnName = "Start" }, prefixes));
        AssertFault("has 1 tokens in row 0, but 2 levels of 2 tokens are to be kept", () => Tokens(new() { PrefixColumnName = "Start", PrefixLevels = 2 }, prefixes));

        IDataView words = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 6).Select(i => new Named { Label = $"class {i}" }));
        AssertFault("has keys up to 6, but the generator knows 5 classes", () => ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.Transforms.ResTokGenerate("Tokens", "Label", generator)).Fit(words));
        using ResTokGenerator unguided = CreateGenerator(TinyModels.Generator with { ClassDropout = 0 });
        AssertFault("null class", () => ml.Transforms.ResTokGenerate("Tokens", "Label", unguided));
    }

    private static void AssertFault(string message, Action action) => Assert.Contains(message, Assert.ThrowsAny<Exception>(action).ToString());

    private sealed class Reports(Action<ResTokGenerationProgress> report) : IProgress<ResTokGenerationProgress>
    {
        public void Report(ResTokGenerationProgress value) => report(value);
    }

    private sealed class Typed<T>
    {
        public int Id { get; set; }

        public T Label { get; set; } = default!;
    }

    private sealed class Continued
    {
        public int Id { get; set; }

        public int Label { get; set; }

        public int[] Start { get; set; } = [];
    }

    private sealed class Named
    {
        public string Label { get; set; } = "";
    }
}
