using Microsoft.ML.Data;
using ResTok.Benchmarks.Measuring;
using ResTok.MLNet;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>What bfloat16 changes: the tokens that agree with float32, and how far the images rebuilt are apart.</summary>
/// <param name="settings">Of which only the size is used, and none in a quick run.</param>
/// <param name="count">Images.</param>
internal sealed class PrecisionCommand(BenchmarkSettings settings, int count)
{
    /// <summary>Of drawings that the demo model has not seen.</summary>
    private const int FirstDrawing = 1_300_000_000;

    private const int Batch = 4;

    private readonly MarkdownTable table = new("bfloat16 against float32", "images", "tokens that agree", "of the coarsest 16", "dB, each from its tokens", "dB, from the same tokens", "dB to the images, float32", "… bfloat16");

    public void Run()
    {
        using (ImageTokenizer demo = Demo(Precision.Float32), small = Demo(Precision.BFloat16))
            Compare("demo model, 64×64", demo, small);
        using (ImageTokenizer plain = Subjects.Tokenizer(settings.Size, Precision.Float32), fast = Subjects.Tokenizer(settings.Size, Precision.BFloat16))
            Compare($"{settings.Size} with made-up weights, 256×256", plain, fast);
        table.Print();
        Console.WriteLine("PSNR, mean over images: drawings and scraps of examples/TrainDemo, and examples/pictures. Made-up weights rebuild nothing; their images show only how far rounding carries.");
    }

    private static ImageTokenizer Demo(Precision precision)
    {
        using Stream config = DemoStream("config.json"), weights = DemoStream("model.safetensors");
        return ImageTokenizer.Load(TokenizerConfig.Load(config), weights, precision: precision);

        static Stream DemoStream(string file) => typeof(DemoTokenizer).Assembly.GetManifestResourceStream("tokenizer/" + file)!;
    }

    private void Compare(string what, ImageTokenizer plain, ImageTokenizer fast)
    {
        int side = plain.Config.CropSize;
        string[] files = ExamplePictures.Find([]);
        int[] agree = new int[plain.Levels.TokenCount];
        double apart = 0, same = 0, plainLoss = 0, fastLoss = 0;
        for (int first = 0; first < count; first += Batch)
        {
            using var scope = NewDisposeScope();
            Tensor images = stack([.. Enumerable.Range(first, Math.Min(Batch, count - first)).Select(i => Image(i, side, files))]);
            using TokenizerEncoding exact = plain.Encode(images), rounded = fast.Encode(images);
            bool[] equal = [.. exact.Tokens.eq(rounded.Tokens).flatten().data<bool>()];
            for (int i = 0; i < equal.Length; i++)
                agree[i % agree.Length] += equal[i] ? 1 : 0;
            Tensor exactImages = plain.Decode(exact.Tokens).clamp_(0, 1), ownImages = fast.Decode(rounded.Tokens).clamp_(0, 1), sameImages = fast.Decode(exact.Tokens).clamp_(0, 1);
            apart += Decibels(exactImages, ownImages);
            same += Decibels(exactImages, sameImages);
            plainLoss += Decibels(images, exactImages);
            fastLoss += Decibels(images, ownImages);
        }
        table.Add(what, $"{count}", $"{agree.Sum() / (double)(count * agree.Length):0.00 %}", $"{agree.Take(16).Sum() / (count * 16.0):0.00 %}",
            $"{apart / count:0.0}", $"{same / count:0.0}", $"{plainLoss / count:0.00}", $"{fastLoss / count:0.00}");
    }

    /// <summary>First the files, then drawings and scraps that no training saw: [3, S, S] in [0, 1].</summary>
    private static Tensor Image(int index, int side, string[] files)
    {
        byte[] rgba;
        if (index < files.Length)
        {
            using MLImage file = MLImage.CreateFromFile(files[index]), fitted = ResTokImages.Fit(file, side);
            rgba = fitted.Pixels.ToArray();
        }
        else
        {
            rgba = index % 2 == 0 ? Drawings.Draw(FirstDrawing + index, side) : Drawings.DrawScrap(FirstDrawing + index, side);
        }
        return tensor(rgba).view(side, side, 4).narrow(2, 0, 3).permute(2, 0, 1).to(ScalarType.Float32) / 255;
    }

    /// <summary>The sum over images of their PSNR in dB, at least 8-bit rounding apart.</summary>
    private static double Decibels(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return (-10 * (a - b).pow(2).mean([1, 2, 3]).clamp(1e-9).log10()).sum().item<float>();
    }
}
