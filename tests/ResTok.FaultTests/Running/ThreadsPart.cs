using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.FaultTests.Files;
using ResTok.MLNet;
using ResTok.Models;
using TorchSharp;

namespace ResTok.FaultTests.Running;

/// <summary>One model used by many threads, cursors and contexts, and disposed under them.</summary>
internal static class ThreadsPart
{
    private const int Threads = 16;

    public static PartFigures Run(PartSettings settings)
    {
        using var trial = new Fuzzing(settings, fault => fault is ObjectDisposedException or OperationCanceledException, hangSeconds: 60);
        torch.set_num_threads(1);
        (string Name, Action Run)[] scenes =
        [
            ("16 threads on one tokenizer", Tokenizer),
            ("16 threads on one generator", Generator),
            ("disposal of a tokenizer under 16 threads", DisposeTokenizer),
            ("disposal of a generator under 16 threads", DisposeGenerator),
            ("disposal under previews", DisposeUnderPreviews),
            ("cancelling at every pass", Cancel),
            ("prediction engines of two contexts", Engines),
            ("cursor sets", CursorSets),
            ("disposal of a transformer under cursors", DisposeTransformer),
        ];
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round == 0 || !settings.IsOver(round, 50, Stopwatch.GetElapsedTime(start)); round++)
            trial.TryAll(scenes);
        return trial.Finish();
    }

    private static void Tokenizer()
    {
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using torch.Tensor images = Images();
        string alone = Call();
        Same(alone, () => Call());
        string Call()
        {
            using TokenizerEncoding encoding = tokenizer.Encode(images);
            using torch.Tensor rebuilt = tokenizer.Decode(encoding.Tokens, 8);
            return string.Join(",", encoding.Tokens.data<long>()) + rebuilt.sum().item<float>().ToString("R", null);
        }
    }

    private static void Generator()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        string alone = Generate(generator);
        Same(alone, () => Generate(generator));
    }

    private static string Generate(ImageGenerator generator)
    {
        using torch.Tensor tokens = generator.Generate(new([0, 3]), SamplingOptions.Official with { Seed = 7 });
        return string.Join(",", tokens.data<long>());
    }

    private static void DisposeTokenizer()
    {
        ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using torch.Tensor images = Images();
        UntilDisposed(tokenizer, () =>
        {
            using TokenizerEncoding encoding = tokenizer.Encode(images);
            tokenizer.Decode(encoding.Tokens).Dispose();
        });
    }

    private static void DisposeGenerator()
    {
        ImageGenerator generator = TinyModels.CreateGenerator();
        UntilDisposed(generator, () => Generate(generator));
    }

    private static void DisposeUnderPreviews()
    {
        ImageGenerator generator = TinyModels.CreateGenerator();
        UntilDisposed(generator, () => Last(generator).GetAwaiter().GetResult());
    }

    private static async Task<GenerationStep?> Last(ImageGenerator generator, int cancelAt = -1)
    {
        using var cancellation = new CancellationTokenSource();
        GenerationStep? last = null;
        await foreach (GenerationStep step in generator.GenerateAsync(new([1]), SamplingOptions.Official with { Seed = 7 }, cancellation.Token))
        {
            last = step;
            if (step.Pass == cancelAt)
                await cancellation.CancelAsync();
        }
        return last;
    }

    private static void Cancel()
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        GenerationStep whole = Last(generator).GetAwaiter().GetResult()!;
        Parallel.For(0, Threads, _ =>
        {
            for (int pass = 1; pass < whole.Passes; pass++)
            {
                try
                {
                    Last(generator, pass).GetAwaiter().GetResult();
                    throw new InvalidOperationException($"A generation that was cancelled after pass {pass} went on.");
                }
                catch (OperationCanceledException)
                {
                }
            }
            GenerationStep again = Last(generator).GetAwaiter().GetResult()!;
            if (!again.Rows[0].SequenceEqual(whole.Rows[0]))
                throw new InvalidOperationException("A generation beside cancelled ones came out differently.");
        });
    }

    private static void Engines()
    {
        using ResTokGenerator generator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        using ResTokTokenizer tokenizer = ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());
        ITransformer[] models = [.. new[] { new MLContext(1), new MLContext(2) }.Select(ml => Pipeline(ml, generator, tokenizer))];
        string alone = "";
        using (PredictionEngine<Labelled, Predicted> engine = new MLContext().Model.CreatePredictionEngine<Labelled, Predicted>(models[0], new PredictionEngineOptions { OwnsTransformer = false }))
            alone = Predict(engine);
        int next = 0;
        Same(alone, () =>
        {
            // The contexts' own engines; the transformer is shared, so no engine may dispose it.
            ITransformer model = models[Interlocked.Increment(ref next) % 2];
            using PredictionEngine<Labelled, Predicted> engine = new MLContext().Model.CreatePredictionEngine<Labelled, Predicted>(model, new PredictionEngineOptions { OwnsTransformer = false });
            return Predict(engine);
        });
        foreach (ITransformer model in models)
            (model as IDisposable)?.Dispose();
    }

    private static string Predict(PredictionEngine<Labelled, Predicted> engine)
    {
        string all = "";
        for (int i = 0; i < 5; i++)
        {
            Predicted predicted = engine.Predict(new() { Label = i });
            using MLImage image = predicted.Image!;
            all += string.Join(",", predicted.Tokens) + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Pixels));
        }
        return all;
    }

    private static TransformerChain<ResTokDecodingTransformer> Pipeline(MLContext ml, ResTokGenerator generator, ResTokTokenizer tokenizer) =>
        ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = SamplingOptions.Official with { Seed = 7 }, SeedColumnName = "Label" })
            .Append(ml.Transforms.ResTokDecode("Image", "Tokens", tokenizer))
            .Fit(Data(ml));

    private static void CursorSets()
    {
        var ml = new MLContext(1);
        using ResTokGenerator generator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        using ResTokTokenizer tokenizer = ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());
        using TransformerChain<ResTokDecodingTransformer> model = Pipeline(ml, generator, tokenizer);
        IDataView view = model.Transform(Data(ml));
        string alone = string.Join(";", Read([view.GetRowCursor(view.Schema)]));
        foreach (int cursors in new[] { 2, 4, 16 })
        {
            string together = string.Join(";", Read(view.GetRowCursorSet(view.Schema, cursors)));
            if (together != alone)
                throw new InvalidOperationException($"{cursors} cursors read other values than one.");
        }
    }

    /// <summary>Tokens by label, read by a thread for each cursor.</summary>
    private static IEnumerable<string> Read(DataViewRowCursor[] cursors) => [.. cursors.AsParallel().WithDegreeOfParallelism(Math.Max(1, cursors.Length)).SelectMany(cursor =>
    {
        using (cursor)
        {
            ValueGetter<int> label = cursor.GetGetter<int>(cursor.Schema["Label"]);
            ValueGetter<VBuffer<int>> tokens = cursor.GetGetter<VBuffer<int>>(cursor.Schema["Tokens"]);
            var rows = new List<string>();
            int id = 0;
            VBuffer<int> value = default;
            while (cursor.MoveNext())
            {
                label(ref id);
                tokens(ref value);
                rows.Add($"{id:00}: {string.Join(",", value.DenseValues())}");
            }
            return rows;
        }
    }).Order(StringComparer.Ordinal)];

    private static void DisposeTransformer()
    {
        var ml = new MLContext(1);
        using ResTokGenerator generator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Fit(Data(ml));
        generator.Dispose(); // so the transformer's is the last reference
        IDataView view = transformer.Transform(Data(ml));
        UntilDisposed(transformer, () => Read([view.GetRowCursor(view.Schema)]));
    }

    private static IDataView Data(MLContext ml) => ml.Data.LoadFromEnumerable(Enumerable.Range(0, 40).Select(i => new Labelled { Label = i % 5 }).ToList());

    private static torch.Tensor Images()
    {
        using var random = new torch.Generator(3);
        return torch.rand([2, 3, 32, 32], generator: random);
    }

    /// <summary>All threads get what one alone got.</summary>
    private static void Same(string alone, Func<string> call)
    {
        OnThreads(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                if (call() != alone)
                    throw new InvalidOperationException("A result among threads differs from the one alone.");
            }
        });
    }

    /// <summary>All threads work until the object is disposed, and each then gets an <see cref="ObjectDisposedException"/>.</summary>
    private static void UntilDisposed(IDisposable used, Action call)
    {
        using var started = new CountdownEvent(Threads);
        var disposal = new Thread(() =>
        {
            started.Wait();
            Thread.Sleep(5);
            used.Dispose();
        });
        disposal.Start();
        OnThreads(() =>
        {
            started.Signal();
            try
            {
                while (true)
                    call();
            }
            catch (ObjectDisposedException)
            {
            }
            catch (AggregateException fault) when (fault.Flatten().InnerExceptions.All(inner => inner is ObjectDisposedException))
            {
            }
        });
        disposal.Join();
    }

    private static void OnThreads(Action action)
    {
        var faults = new List<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception fault)
            {
                lock (faults)
                    faults.Add(fault);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        if (faults.Count > 0)
            throw new InvalidOperationException($"{faults.Count} of {Threads} threads failed: {faults[0]}".ReplaceLineEndings(" "), faults[0]);
    }

    private sealed class Labelled
    {
        public int Label { get; set; }
    }

    private sealed class Predicted
    {
        [VectorType(16)]
        public int[] Tokens { get; set; } = [];

        [Microsoft.ML.Transforms.Image.ImageType(32, 32)]
        public MLImage? Image { get; set; }
    }
}
