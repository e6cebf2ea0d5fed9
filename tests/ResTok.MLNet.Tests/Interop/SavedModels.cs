using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using TorchSharp;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>What a version saves of each kind, and what comes of it when it is loaded.</summary>
internal static class SavedModels
{
    private const string Encode = "encode.zip", Decode = "decode.zip", Generate = "generate.zip", Tokenizer = "tokenizer.zip", Generator = "generator.zip";

    /// <summary>Pipelines of one stage each.</summary>
    public static readonly string[] Stages = [Encode, Decode, Generate];

    /// <summary>Writes a saved pipeline for each stage, and a model folder of each kind, zipped.</summary>
    public static void Write(string folder)
    {
        var ml = new MLContext(seed: 1);
        Directory.CreateDirectory(folder);
        using ImageTokenizer tokenizer = Compressible(ImageTokenizer.Create(TinyModels.Tokenizer with { PixelHiddenChannels = 4, PixelNormGroups = 1 }, seed: 1));
        using ImageGenerator generator = Compressible(ImageGenerator.Create(TinyModels.Generator, seed: 1));
        string loose = Directory.CreateTempSubdirectory("restok-test-").FullName;
        foreach ((string file, PretrainedModel model) in new (string, PretrainedModel)[] { (Tokenizer, tokenizer), (Generator, generator) })
        {
            string path = Path.Combine(loose, Path.GetFileNameWithoutExtension(file));
            model.Save(path);
            ZipFile.CreateFromDirectory(path, Path.Combine(folder, file), CompressionLevel.SmallestSize, includeBaseDirectory: false);
        }
        using ResTokTokenizer restok = ResTokTokenizer.Load(Path.Combine(loose, "tokenizer"));
        using ResTokGenerator handle = ResTokGenerator.Load(Path.Combine(loose, "generator"));
        Save(Encode, Images(ml), ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { TokensAsKeys = true, LatentsColumnName = "Latents", FeaturesColumnName = "Features", BatchSize = 2, OnInvalidRow = InvalidRowHandling.Missing }));
        Save(Decode, Tokens(ml), ml.Transforms.ResTokDecode("Picture", "Tokens", restok, tokenCount: 8, options: new() { BatchSize = 2 }));
        Save(Generate, Labels(ml), ml.Transforms.ResTokGenerate("Tokens", "Label", handle, new() { Sampling = new() { Temperature = 0.9, TopK = 16, GuidanceScale = 2, Seed = 5 }, SeedColumnName = "Seed", Levels = 4 }));
        Directory.Delete(loose, recursive: true);

        void Save<T>(string file, IDataView data, IEstimator<T> stage)
            where T : class, ITransformer
        {
            T model = stage.Fit(data);
            ml.Model.Save(model, file == Encode ? null : data.Schema, Path.Combine(folder, file)); // of images alone there is no schema to save
            (model as IDisposable)?.Dispose();
        }
    }

    /// <summary>Loads what a version wrote and uses it.</summary>
    public static Results Read(string folder)
    {
        var ml = new MLContext(seed: 1);
        ITransformer encode = Load(Encode), decode = Load(Decode), generate = Load(Generate);
        IDataView encoded = encode.Transform(Images(ml));
        byte[][] images = [.. decode.Transform(Tokens(ml)).GetColumn<MLImage>("Picture").Select(image =>
        {
            using (image)
                return image.Pixels.ToArray();
        })];
        var results = new Results(
            [.. encoded.GetColumn<uint[]>("Tokens")],
            [.. encoded.GetColumn<float[]>("Latents").Zip(encoded.GetColumn<float[]>("Features"), (latents, features) => latents.Sum() + features.Sum())],
            images,
            [.. generate.Transform(Labels(ml)).GetColumn<int[]>("Tokens")],
            Open(Tokenizer, path =>
            {
                using ImageTokenizer tokenizer = ImageTokenizer.Load(path);
                using torch.Tensor image = torch.linspace(0, 1, 3 * 32 * 32).reshape(1, 3, 32, 32);
                using TokenizerEncoding encoding = tokenizer.Encode(image);
                return encoding.Tokens.data<long>().ToArray();
            }),
            Open(Generator, path =>
            {
                using ImageGenerator generator = ImageGenerator.Load(path);
                using torch.Tensor tokens = generator.Generate(new([3]), SamplingOptions.Official with { Seed = 7 });
                return tokens.data<long>().ToArray();
            }));
        foreach (ITransformer model in new[] { encode, decode, generate })
            (model as IDisposable)?.Dispose();
        return results;

        ITransformer Load(string file) => ml.Model.Load(Path.Combine(folder, file), out _);

        long[] Open(string file, Func<string, long[]> use)
        {
            string path = Directory.CreateTempSubdirectory("restok-test-").FullName;
            try
            {
                ZipFile.ExtractToDirectory(Path.Combine(folder, file), path);
                return use(path);
            }
            finally
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    /// <summary>Weights that repeat themselves, and so take little room in a zip, with results that differ from row to row.</summary>
    private static TModel Compressible<TModel>(TModel model)
        where TModel : PretrainedModel
    {
        using var noGradient = torch.no_grad();
        using var random = new torch.Generator(1);
        using var scope = torch.NewDisposeScope();
        foreach (TorchSharp.Modules.Parameter parameter in model.StateDict.Values.Where(parameter => parameter.dim() > 1))
        {
            torch.Tensor pattern = torch.randn([97], generator: random) * Math.Pow((double)parameter.numel() / parameter.shape[0], -0.5);
            parameter.copy_(pattern.repeat(parameter.numel() / 97 + 1).narrow(0, 0, parameter.numel()).reshape(parameter.shape));
        }
        return model;
    }

    private static IDataView Images(MLContext ml) => ml.Data.LoadFromEnumerable(PipelineData.Rows(3));

    private static IDataView Tokens(MLContext ml) => ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, 3).Select(row => new Encoded { Tokens = [.. Enumerable.Range(0, 16).Select(i => (7 * row + 5 * i) % 64)] }));

    private static IDataView Labels(MLContext ml) => ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i => new Wish { Label = i, Seed = 10 * i }));

    /// <summary>What a version's models give.</summary>
    /// <param name="Tokens">Of images, as keys.</param>
    /// <param name="Sums">Of each image's latents and features.</param>
    /// <param name="Pictures">Pixels of tokens.</param>
    /// <param name="Generated">Tokens of labels.</param>
    /// <param name="FolderTokens">By the tokenizer in a folder.</param>
    /// <param name="FolderGenerated">By the generator in a folder.</param>
    public sealed record Results(uint[][] Tokens, float[] Sums, byte[][] Pictures, int[][] Generated, long[] FolderTokens, long[] FolderGenerated);

    private sealed class Wish
    {
        public int Label { get; set; }

        public int Seed { get; set; }
    }
}
