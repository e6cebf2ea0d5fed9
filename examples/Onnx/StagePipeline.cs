using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;

namespace OnnxExample;

/// <summary>
/// This library's own stages, with ONNX Runtime in libtorch's place: the same columns, options and batches, and a saved pipeline that
/// holds the ONNX files. With <c>MLContext.GpuDeviceId</c> and Microsoft.ML.OnnxRuntime.Gpu a GPU computes.
/// </summary>
internal static class StagePipeline
{
    public static void Run(string models, string[] files, string results)
    {
        var ml = new MLContext();
        var onnx = new ResTokLoadOptions { Backend = ResTokBackend.Onnx };
        using var tokenizer = ResTokTokenizer.Load(models, onnx);
        using var generator = ResTokGenerator.Load(models, onnx);
        IDataView data = ml.Data.LoadFromEnumerable(files.Select((file, i) => new Row { Path = file, Label = i % generator.Config.Classes }));
        var pipeline = ml.Transforms.ResTokLoadImages("Image", nameof(Row.Path))
            .Append(ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer, new() { FeaturesColumnName = "Features" }))
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", tokenizer))
            .Append(ml.Transforms.ResTokGenerate("Drawn", nameof(Row.Label), generator))
            .Append(ml.Transforms.ResTokDecode("Drawing", "Drawn", tokenizer));
        string zip = Path.Combine(results, "pipeline.zip");
        using (TransformerChain<ResTokDecodingTransformer> fitted = pipeline.Fit(data))
            ml.Model.Save(fitted, data.Schema, zip);
        using var model = (TransformerChain<ITransformer>)ml.Model.Load(zip, out _);
        IDataView result = model.Transform(data);
        foreach ((string file, int[] tokens) in files.Zip(result.GetColumn<int[]>("Tokens")))
            Console.WriteLine($"{Path.GetFileNameWithoutExtension(file)} in a pipeline: {string.Join(' ', tokens)}");
        foreach ((string file, MLImage image) in files.Zip(result.GetColumn<MLImage>("Drawing")))
        {
            using (image)
                image.Save(Path.Combine(results, $"{Path.GetFileNameWithoutExtension(file)}.drawing.png"));
        }
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";

        public int Label { get; set; }
    }
}
