using ResTok.Benchmarks.Arithmetic;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Encode, decode and generate against the machine's own ceiling, which is measured between them.</summary>
internal sealed class ModelCommand(BenchmarkSettings settings) : IDisposable
{
    private readonly List<Subject> subjects = [];
    private readonly Dictionary<Precision, BareOperations> bare = [];
    private readonly List<(WeightReader Reader, Samples Times)> readers = [];
    private readonly List<IDisposable> owned = [];

    public void Run()
    {
        foreach (Precision precision in settings.Precisions)
            Prepare(precision);
        foreach (Subject subject in subjects.Where(subject => subject.Batch == settings.Batches.Min()))
            subject.Run(); // to warm up
        for (int round = 0; round < settings.Rounds; round++)
        {
            foreach (BareOperations operations in bare.Values)
                operations.RunRound();
            foreach ((WeightReader reader, Samples times) in readers)
                times.Time(reader.ReadOnce);
            foreach (Subject subject in subjects)
                subject.Times.Time(subject.Run);
        }
        PrintTimes();
        PrintRates();
    }

    public void Dispose() => owned.ForEach(item => item.Dispose());

    private void Prepare(Precision precision)
    {
        ImageTokenizer tokenizer = Own(Subjects.Tokenizer(settings.Size, precision));
        ImageGenerator generator = Own(Subjects.Generator(settings.Size, precision));
        BareOperations operations = bare[precision] = new(Subjects.DataType(precision));
        var reading = new Samples();
        readers.Add((new(generator), reading));
        foreach (int batch in settings.Batches)
        {
            Tensor pictures = Own(Subjects.Pictures(batch, tokenizer.Config).DetachFromDisposeScope());
            Tensor tokens = Own(randint(0, tokenizer.Config.CodebookSize, [batch, tokenizer.Config.LatentTokens], ScalarType.Int64).DetachFromDisposeScope());
            var request = new GenerationRequest([.. Enumerable.Range(0, batch)]);
            var arithmetic = new TokenizerArithmetic(tokenizer.Config, batch);
            Add("encode", arithmetic.Encode(), () => tokenizer.Encode(pictures).Dispose());
            Add("decode", arithmetic.Decode(), () => tokenizer.Decode(tokens).Dispose());
            var generating = new ReadingCeiling(new(generator.Config, 2 * batch), generator.Config, operations, reading);
            subjects.Add(new("generate", batch, precision, () => generator.Generate(request, Subjects.Sampling).Dispose(), generating));

            void Add(string what, IReadOnlyList<Work> works, Action run)
            {
                operations.Want(works);
                subjects.Add(new(what, batch, precision, run, new ArithmeticCeiling(works, operations)));
            }
        }
    }

    private void PrintTimes()
    {
        var table = new MarkdownTable($"{settings.Size}, {settings.Rounds} rounds", "batch", "precision", "s/image", "±", "GFLOP/image", "GFLOP/s", "ceiling GFLOP/s", "of ceiling", "× Float32");
        foreach (Subject subject in subjects.OrderBy(subject => subject.What switch { "encode" => 0, "decode" => 1, _ => 2 }).ThenBy(subject => subject.Batch))
        {
            double seconds = subject.Times.Median;
            Subject? plain = subjects.Find(other => other.What == subject.What && other.Batch == subject.Batch && other.Precision == Precision.Float32);
            table.Add(subject.What, $"{subject.Batch}", $"{subject.Precision}", $"{seconds / subject.Batch:0.000}", $"{subject.Times.Spread:0 %}", $"{subject.Ceiling.Flops / subject.Batch / 1e9:0.0}",
                $"{subject.Ceiling.Flops / seconds / 1e9:0}", $"{subject.Ceiling.Flops / subject.Ceiling.Seconds / 1e9:0}", $"{subject.Ceiling.Seconds / seconds:0 %}",
                plain is null ? "" : $"{plain.Times.Over(subject.Times):0.00}");
        }
        table.Print();
        Console.WriteLine("The ceiling of encode and decode is the time of their linear layers, convolutions and attention alone, each the fastest of libtorch's plain calls on the same shape; "
            + "that of generate (guidance 3.75) is to read the weights in every pass, and the arithmetic at the rate of a large product.");
    }

    private void PrintRates()
    {
        string[] kinds = ["linear", "convolution", "attention"];
        var table = new MarkdownTable(["bare GFLOP/s", "batch", "precision", .. kinds]);
        foreach (Subject subject in subjects)
        {
            if (subject.Ceiling is ArithmeticCeiling ceiling)
                table.Add([subject.What, $"{subject.Batch}", $"{subject.Precision}", .. kinds.Select(kind => Rate(ceiling, kind))]);
        }
        table.Print();
        foreach ((WeightReader reader, Samples times) in readers)
            Console.WriteLine($"Reading {reader.Bytes / 1e9:0.00} GB of the generator's weights: {reader.Bytes / times.Median / 1e9:0.0} GB/s.");

        static string Rate(ArithmeticCeiling ceiling, string kind)
        {
            Work[] works = [.. ceiling.Works.Where(work => work.Operation.Kind == kind)];
            return $"{works.Sum(work => work.Count * work.Operation.Flops) / ceiling.Bare.SecondsOf(works) / 1e9:0}";
        }
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        owned.Add(item);
        return item;
    }
}
