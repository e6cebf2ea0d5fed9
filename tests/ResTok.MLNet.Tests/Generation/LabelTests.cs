using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>A label is the class that was asked for, or an error; never another class.</summary>
public sealed class LabelTests : IDisposable
{
    private static readonly string[] Names = ["cat", "dog", "tench, Tinca tinca", "crane", "Crane"];

    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokGenerator named = CreateGenerator(TinyModels.Generator with { ClassNames = [.. Names] });
    private readonly ResTokGenerator unnamed = CreateGenerator();
    private readonly List<string> warnings = [];

    public LabelTests() => ml.Log += (_, entry) =>
    {
        if (entry.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            warnings.Add(entry.RawMessage);
    };

    public void Dispose()
    {
        named.Dispose();
        unnamed.Dispose();
    }

    [Fact]
    public void Text_and_keys_mean_the_class_of_that_name_in_any_order()
    {
        string[] labels = ["dog", "tench, Tinca tinca", "cat", "crane", "dog"];
        string[] expected = Numbers(1, 2, 0, 3, 1);
        Assert.Equal(expected, Draw(named, Text(labels)));
        Assert.Equal(expected, Draw(named, Keys(Text(labels))));
        Assert.Equal(Numbers(2, 2, 1), Draw(named, Text("Tinca tinca", " TENCH", "DOG")));
        Assert.Equal(Numbers(4), Draw(named, Text("Crane")));
        Assert.Equal(Numbers(1), Draw(named, Keys(Text("dog")))); // the only key, which is the first
        Assert.Empty(warnings);
    }

    [Fact]
    public void Keys_of_numbers_mean_those_numbers()
    {
        IDataView data = ml.Data.LoadFromEnumerable(new[] { 3, 0, 4 }.Select(label => new Number { Label = label }));
        foreach (ResTokGenerator generator in new[] { named, unnamed })
        {
            Assert.Equal(Numbers(3, 0, 4), Draw(generator, Keys(data)));
            Assert.Equal(Numbers(3, 0, 4), Draw(generator, Keys(Text("3", "0", "4"))));
        }
        IDataView beyond = ml.Data.LoadFromEnumerable(new[] { 3, 5 }.Select(label => new Number { Label = label }));
        AssertFault("Column 'Label' has the label '5' in row 1", () => Draw(unnamed, Keys(beyond)));
    }

    [Fact]
    public void Names_that_are_none_are_faults_of_their_rows()
    {
        AssertFault("Column 'Label' has the label 'house' in row 1, which is none of the generator's classes", () => Draw(named, Text("cat", "house")));
        AssertFault("Column 'Label' has the label 'house' in row 1, which is none of the generator's classes", () => Draw(named, Keys(Text("cat", "house"))));
        AssertFault("Column 'Label' has the label 'house' in row 0", () => Draw(named, Keys(Text("house"))));
        AssertFault("or the name of several: cat, dog", () => Draw(named, Text("CRANE")));
        AssertFault("Column 'Label' has no label in row 0", () => Draw(named, Text("")));
        ResTokGenerationEstimator.Options missing = new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing };
        foreach (IDataView data in new[] { Text("cat", "house", "dog"), Keys(Text("cat", "house", "dog")) })
            Assert.Equal([false, true, false], ml.Transforms.ResTokGenerate("Tokens", "Label", named, missing).Fit(data).Transform(data).GetColumn<uint[]>("Tokens").Select(row => row[0] == 0));
    }

    [Fact]
    public void A_generator_that_knows_no_names_says_that_it_cannot_check()
    {
        AssertFault("does not know its classes' names", () => Draw(unnamed, Text("cat")));
        AssertFault("does not know its classes' names", () => ml.Transforms.CopyColumns("Other", "Label").Append(ml.Transforms.ResTokGenerate("Tokens", "Label", unnamed)).Fit(Text("cat")));
        Assert.Empty(warnings);
        Draw(unnamed, Keys(Text("cat")));
        Assert.Contains(warnings, text => text.Contains("'cat' is drawn as class 0", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_are_saved_with_the_pipeline()
    {
        string file = Path.GetTempFileName();
        try
        {
            IDataView data = Text("dog", "cat");
            using ResTokGenerationTransformer fitted = ml.Transforms.ResTokGenerate("Tokens", "Label", named, new() { SeedColumnName = "Seed" }).Fit(data);
            ml.Model.Save(fitted, data.Schema, file);
            Assert.Equal(Numbers(1, 0), ml.Model.Load(file, out _).Transform(data).GetColumn<int[]>("Tokens").Select(Join));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_trained_generator_learns_the_names_of_its_labels()
    {
        IDataView data = ml.Data.LoadFromEnumerable(new[] { "b", "a", "c" }.Select(label => new Learned { Label = label, Tokens = new int[16] }));
        using var trained = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.ResTokTrainGenerator("Tokens2", "Tokens", "Label", new() { Config = TinyModels.Generator, Training = new() { Steps = 1, BatchSize = 2 } })).Fit(data);
        using ResTokGenerator generator = trained.LastTransformer.ShareModel();
        Assert.Equal<IEnumerable<string>>(["b", "a", "c"], generator.Config.ClassNames!);
        Assert.Equal(Draw(generator, Text("c", "b")), Draw(generator, ml.Data.LoadFromEnumerable(new[] { 2, 0 }.Select(label => new Number { Label = label }))));

        IDataView numbers = ml.Data.LoadFromEnumerable(new[] { 4, 1 }.Select(label => new LearnedNumber { Label = label, Tokens = new int[16] }));
        using var ofNumbers = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.ResTokTrainGenerator("Tokens2", "Tokens", "Label", new() { Config = TinyModels.Generator, Training = new() { Steps = 1, BatchSize = 2 } })).Fit(numbers);
        using ResTokGenerator numbered = ofNumbers.LastTransformer.ShareModel();
        Assert.Null(numbered.Config.ClassNames);
    }

    private string[] Numbers(params int[] labels) => Draw(unnamed, ml.Data.LoadFromEnumerable(labels.Select(label => new Number { Label = label })));

    private string[] Draw(ResTokGenerator generator, IDataView data) =>
        [.. ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "Seed" }).Fit(data).Transform(data).GetColumn<int[]>("Tokens").Select(Join)];

    private IDataView Text(params string[] labels) => ml.Data.LoadFromEnumerable(labels.Select(label => new Word { Label = label }));

    private IDataView Keys(IDataView data) => ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);

    private static void AssertFault(string message, Action action) => Assert.Contains(message, Assert.ThrowsAny<Exception>(action).Message, StringComparison.Ordinal);

    private sealed class Word
    {
        public string Label { get; set; } = "";

        public int Seed { get; set; } = 5;
    }

    private sealed class Number
    {
        public int Label { get; set; }

        public int Seed { get; set; } = 5;
    }

    private sealed class Learned
    {
        public string Label { get; set; } = "";

        [VectorType(16)]
        public int[] Tokens { get; set; } = [];
    }

    private sealed class LearnedNumber
    {
        public int Label { get; set; }

        [VectorType(16)]
        public int[] Tokens { get; set; } = [];
    }
}
