using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.TorchSharp.AutoFormerV2;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet;

/// <summary>
/// An image → boxes of objects; a box's pixels → tokens. Two pipelines, because an image's row becomes as many rows as it has objects,
/// which no ML.NET stage does; a few lines between the two cut the objects out.
/// </summary>
internal static class ObjectPipelines
{
    private const int LeastSide = 8;

    /// <summary>Trains the detector, and saves it.</summary>
    public static void TrainDetector(MLContext ml, string path, Scene[] scenes, int epochs, double threshold)
    {
        TrainerDownload.Announce(ml, "autoformer_11m_torchsharp.bin", megabytes: 80);
        var options = new ObjectDetectionTrainer.Options { BoundingBoxColumnName = "Boxes", MaxEpoch = epochs, ScoreThreshold = threshold, LogEveryNStep = 10 };
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", "Things")
            .Append(ml.Transforms.LoadImages("Image", "", "Path"))
            .Append(ml.MulticlassClassification.Trainers.ObjectDetection(options))
            .Append(ml.Transforms.Conversion.MapKeyToValue("Found", "PredictedLabel"));
        IDataView data = ml.Data.LoadFromEnumerable(scenes);
        using var model = pipeline.Fit(data);
        PipelineFile.Save(ml, model, data.Schema, path);
    }

    /// <summary>Saves the encoder of crops; there is nothing to train.</summary>
    public static void SaveEncoder(MLContext ml, string path)
    {
        using ResTokTokenizer restok = ResTokTokenizer.Demo();
        IDataView none = ml.Data.LoadFromEnumerable(Array.Empty<Crop>());
        using var model = ml.Transforms.ResTokEncode("Tokens", "Image", restok).Fit(none);
        PipelineFile.Save(ml, model, null, path); // image columns alone have no schema that ML.NET saves
    }

    /// <summary>Finds, cuts out and encodes the objects of images, with the saved pipelines.</summary>
    public static IEnumerable<IndexedObject> Index(MLContext ml, string detector, string encoder, IEnumerable<string> images)
    {
        using var detect = ml.Model.CreatePredictionEngine<Scene, DetectedScene>(ml.Model.Load(detector, out _));
        using var encode = ml.Model.CreatePredictionEngine<Crop, EncodedCrop>(ml.Model.Load(encoder, out _));
        foreach (string path in images)
        {
            DetectedScene seen = detect.Predict(new() { Path = path });
            using MLImage image = MLImage.CreateFromFile(path);
            for (int i = 0; i < seen.Found.Length; i++)
            {
                using MLImage? crop = CutOut(image, seen.PredictedBoundingBoxes.AsSpan(4 * i, 4));
                if (crop is not null)
                    yield return new(path, seen.Found[i], seen.Score[i], seen.PredictedBoundingBoxes[(4 * i)..(4 * i + 4)], encode.Predict(new() { Image = crop }).Tokens);
            }
        }
    }

    /// <summary>A box may reach over the image's edge: the detector works on an image that is padded to a multiple of 32.</summary>
    /// <returns>Null for slivers.</returns>
    private static MLImage? CutOut(MLImage image, ReadOnlySpan<float> box)
    {
        int left = (int)Math.Clamp(box[0], 0, image.Width), top = (int)Math.Clamp(box[1], 0, image.Height);
        int width = (int)Math.Clamp(box[2], 0, image.Width) - left, height = (int)Math.Clamp(box[3], 0, image.Height) - top;
        if (width < LeastSide || height < LeastSide)
            return null;
        byte[] pixels = new byte[4 * width * height];
        for (int row = 0; row < height; row++)
            image.Pixels.Slice(4 * (image.Width * (top + row) + left), 4 * width).CopyTo(pixels.AsSpan(4 * width * row));
        return MLImage.CreateFromPixels(width, height, image.PixelFormat, pixels);
    }
}

/// <summary>An image with the objects on it; what is on it is needed for training only.</summary>
internal sealed class Scene
{
    public string Path { get; set; } = "";

    public string[] Things { get; set; } = [];

    /// <summary>Left, top, right and bottom of each.</summary>
    public float[] Boxes { get; set; } = [];
}

internal sealed class DetectedScene
{
    public string[] Found { get; set; } = [];

    public float[] Score { get; set; } = [];

    public float[] PredictedBoundingBoxes { get; set; } = [];
}

internal sealed class Crop
{
    [ImageType(64, 64)]
    public MLImage Image { get; set; } = null!;
}

internal sealed class EncodedCrop
{
    public int[] Tokens { get; set; } = [];
}

/// <summary>An object in the index.</summary>
internal sealed record IndexedObject(string Path, string Name, float Score, float[] Box, int[] Tokens);
