using ResTok.Benchmarks.Arithmetic;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Encode, decode and generate against the machine's own ceiling.</summary>
internal sealed class ModelCommand(BenchmarkSettings settings) : IDisposable
{
    private readonly List<Subject> subjects = [];
    private readonly List<IDisposable> owned = [];

    public void Run()
    {
        foreach (Precision precision in settings.Precisions)
            Prepare(precision);
        for (int round = 0; round < settings.Rounds; round++)
            subjects.ForEach(subject => subject.RunRound());
        PrintTimes();
        PrintRates();
    }

    public void Dispose() => owned.ForEach(item => item.Dispose());

    private void Prepare(Precision precision)
    {
        ImageTokenizer tokenizer = Own(Subjects.Tokenizer(settings.Size, precision));
        ImageGenerator generator = Own(Subjects.Generator(settings.Size, precision));
        WarmUp(tokenizer, generator);
        var bare = new BareTime(Subjects.DataType(precision));
        var reader = new WeightReader(generator);
        foreach (int batch in settings.Batches)
        {
            Tensor images = Own(Subjects.Images(batch, tokenizer.Config));
            Tensor tokens = Own(randint(0, tokenizer.Config.CodebookSize, [batch, tokenizer.Config.LatentTokens], ScalarType.Int64));
            var request = new GenerationRequest([.. Enumerable.Range(0, batch)]);
            var arithmetic = new TokenizerArithmetic(tokenizer.Config, batch);
            subjects.Add(new("encode", batch, precision, () => tokenizer.Encode(images).Dispose(), new ArithmeticCeiling(arithmetic.Encode(), bare)));
            subjects.Add(new("decode", batch, precision, () => tokenizer.Decode(tokens).Dispose(), new ArithmeticCeiling(arithmetic.Decode(), bare)));
            subjects.Add(new("generate", batch, precision, () => generator.Generate(request, Subjects.Sampling).Dispose(),
                new ReadingCeiling(new(generator.Config, 2 * batch), generator.Config, bare, reader)));
        }
    }

    /// <summary>The first call of a process compiles code and touches the weights for the first time.</summary>
    private static void WarmUp(ImageTokenizer tokenizer, ImageGenerator generator)
    {
        using Tensor image = Subjects.Images(1, tokenizer.Config);
        using TokenizerEncoding encoding = tokenizer.Encode(image);
        tokenizer.Decode(encoding.Tokens).Dispose();
        for (int i = 0; i < Subjects.GenerationsToWarmUp; i++)
            generator.Generate(new([0]), Subjects.Sampling).Dispose();
    }

    private void PrintTimes()
    {
        var table = new MarkdownTable($"{settings.Size}, rounds: {settings.Rounds}", "batch", "precision", "s/image", "±", "GFLOP/image", "GFLOP/s", "ceiling GFLOP/s", "of ceiling", "× Float32");
        foreach (Subject subject in subjects.OrderBy(subject => subject.What switch { "encode" => 0, "decode" => 1, _ => 2 }).ThenBy(subject => subject.Batch))
        {
            Subject? plain = subjects.Find(other => other.What == subject.What && other.Batch == subject.Batch && other.Precision == Precision.Float32);
            table.Add(subject.What, $"{subject.Batch}", $"{subject.Precision}", $"{subject.SecondsPerImage:0.000}", $"{subject.Times.Spread:0 %}", $"{subject.GigaflopPerImage:0.0}",
                $"{subject.Rate:0}", $"{subject.CeilingRate:0}", $"{subject.OfCeiling:0 %}", plain is null ? "" : $"{plain.Times.Over(subject.Times):0.00}");
        }
        table.Print();
        Console.WriteLine("The ceiling of encode and decode is the time of their linear layers, convolutions and attention alone, each the fastest of libtorch's plain calls on the same shape; "
            + "that of generate (guidance 3.75) is to read the weights in every pass, and the arithmetic at the rate of a large product. It is measured before every call.");
    }

    private void PrintRates()
    {
        string[] kinds = ["linear", "convolution", "attention"];
        var table = new MarkdownTable(["alone, GFLOP/s", "batch", "precision", .. kinds]);
        foreach (Subject subject in subjects)
        {
            if (subject.Ceiling is ArithmeticCeiling ceiling)
                table.Add([subject.What, $"{subject.Batch}", $"{subject.Precision}", .. kinds.Select(kind => $"{ceiling.RateOf(kind):0}")]);
        }
        table.Print();
        foreach (Subject subject in subjects.DistinctBy(subject => (subject.Precision, subject.Ceiling?.GetType())))
        {
            if (subject.Ceiling is ReadingCeiling ceiling)
                Console.WriteLine($"Reading {ceiling.BytesPerPass / 1e9:0.00} GB of the generator's weights: {ceiling.BytesPerPass / ceiling.ReadSeconds / 1e9:0.0} GB/s.");
        }
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        owned.Add(item);
        return item;
    }
}
