using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>A tiny generator, rows of labels for it, and the tokens that it gives them.</summary>
public abstract class GenerationFixture : IDisposable
{
    private protected readonly MLContext ml = new(seed: 1);
    private protected readonly ResTokGenerator generator = CreateGenerator();
    private protected readonly List<Wish> wishes = [.. Enumerable.Range(0, 37).Select(i => new Wish { Id = i, Label = i % 5, Seed = i / 2 })];

    private protected IDataView Data => ml.Data.LoadFromEnumerable(wishes);

    public virtual void Dispose()
    {
        generator.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string[] Tokens(ResTokGenerationEstimator.Options options, IDataView? data = null)
    {
        using ResTokGenerationTransformer transformer = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, options).Fit(data ?? Data);
        return ById(transformer.Transform(data ?? Data));
    }

    private protected static string[] ById(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Id"], view.Schema["Tokens"]]);
        return [.. Read(cursor).OrderBy(pair => pair.Id).Select(pair => pair.Tokens)];
    }

    private protected static List<(int Id, string Tokens)> Read(DataViewRowCursor cursor)
    {
        var result = new List<(int, string)>();
        using (cursor)
        {
            ValueGetter<int> id = cursor.GetGetter<int>(cursor.Schema["Id"]);
            ValueGetter<VBuffer<int>> tokens = cursor.GetGetter<VBuffer<int>>(cursor.Schema["Tokens"]);
            VBuffer<int> value = default;
            int key = 0;
            while (cursor.MoveNext())
            {
                id(ref key);
                tokens(ref value);
                result.Add((key, Join(value.DenseValues())));
            }
        }
        return result;
    }

    private protected sealed class Wish
    {
        public int Id { get; set; }

        public int Label { get; set; }

        public int Seed { get; set; }

        public string Name { get; set; } = "";
    }
}
