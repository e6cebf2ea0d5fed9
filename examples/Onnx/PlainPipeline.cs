using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResTok.Models;

namespace OnnxExample;

/// <summary>
/// The exported encoder and decoder as ML.NET's own <c>ApplyOnnxModel</c> runs them. A saved pipeline holds the ONNX files, of up to 2 GB
/// and with their weights inside.
/// </summary>
internal static class PlainPipeline
{
    public static void Run(string models, TokenizerConfig config, string[] files, string results)
    {
        var ml = new MLContext();
        IDataView data = ml.Data.LoadFromEnumerable(files.Select(file => new Row { Path = file, token_counts = [config.LatentTokens] }));
        int side = config.CropSize;
        var pipeline = ml.Transforms.LoadImages("Image", "", nameof(Row.Path))
            .Append(ml.Transforms.ResizeImages("Image", side, side, resizing: ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append(ml.Transforms.ExtractPixels("pixels", "Image", scaleImage: 1 / 255f))
            .Append(ml.Transforms.ApplyOnnxModel(["tokens", "features"], ["pixels"], Path.Combine(models, "encoder.onnx")))
            .Append(ml.Transforms.ApplyOnnxModel(["pixels"], ["tokens", nameof(Row.token_counts)], Path.Combine(models, "decoder.onnx"),
                new Dictionary<string, int[]> { ["tokens"] = [1, config.LatentTokens] }, recursionLimit: 100))
            .Append(ml.Transforms.ConvertToImage(config.ImageSize, config.ImageSize, "Rebuilt", "pixels", scaleImage: 255));
        ITransformer model = pipeline.Fit(data);
        string zip = Path.Combine(results, "plain.zip");
        ml.Model.Save(model, data.Schema, zip);
        IDataView result = ml.Model.Load(zip, out _).Transform(data);
        foreach ((string file, long[] tokens) in files.Zip(result.GetColumn<long[]>("tokens")))
            Console.WriteLine($"{Path.GetFileNameWithoutExtension(file)} by ApplyOnnxModel: {string.Join(' ', tokens)}");
        foreach ((string file, MLImage image) in files.Zip(result.GetColumn<MLImage>("Rebuilt")))
        {
            using (image)
            using (MLImage opaque = Opaque(image))
                opaque.Save(Path.ChangeExtension(file, ".rebuilt.png"));
        }
    }

    /// <summary><c>ConvertToImage</c> leaves alpha at 0 whatever its defaultAlpha is, and a PNG file of that is empty.</summary>
    private static MLImage Opaque(MLImage image)
    {
        byte[] pixels = image.Pixels.ToArray();
        for (int alpha = 3; alpha < pixels.Length; alpha += 4)
            pixels[alpha] = 255;
        return MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, pixels);
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";

        /// <summary>Named as the decoder's input is.</summary>
        [VectorType(1)]
        public long[] token_counts { get; set; } = [];
    }
}
