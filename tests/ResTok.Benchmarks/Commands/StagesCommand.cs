using ResTok.Benchmarks.Arithmetic;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using ResTok.Models.Tokenizer.Networks;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Where the time of encoding and decoding goes: the same calls stage by stage, each against the ceiling of its own operations.</summary>
internal sealed class StagesCommand(BenchmarkSettings settings)
{
    private readonly MarkdownTable table = new(
        $"{settings.Size}, rounds: {settings.Rounds}", "batch", "precision", "s/image", "±", "of all", "GFLOP/image", "GFLOP/s", "ceiling GFLOP/s", "of ceiling");

    public void Run()
    {
        foreach (Precision precision in settings.Precisions)
        {
            using ImageTokenizer tokenizer = Subjects.Tokenizer(settings.Size, precision);
            foreach (int batch in settings.Batches)
                Measure(tokenizer, batch);
        }
        table.Print();
        Console.WriteLine("A stage's ceiling is the time of its linear layers, convolutions and attention alone; normalisation, activations, residuals, positions and copies make the difference.");
    }

    private void Measure(ImageTokenizer tokenizer, int batch)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ScalarType type = Subjects.DataType(tokenizer.Precision);
        Tensor images = Subjects.Images(batch, tokenizer.Config), normalised = (images - 0.45).to(type);
        Tensor counts = tensor(new long[] { tokenizer.Levels.TokenCount });
        // What each stage hands to the next, of one run.
        Tensor features = tokenizer.PixelEncoder!.Forward(normalised);
        Tensor latents = tokenizer.Encoder.Forward(features, null, null, wantsImageTokens: true).Latents.to(ScalarType.Float32);
        Tensor tokens = tokenizer.Quantizer.Quantize(latents).Tokens;
        Tensor codes = tokenizer.Quantizer.Lookup(tokens).to(type);
        Tensor map = tokenizer.Decoder.Forward(codes, counts, null);

        var arithmetic = new TokenizerArithmetic(tokenizer.Config, batch);
        var bare = new BareTime(type);
        Subject[] stages =
        [
            Stage("encode", () => tokenizer.Encode(images).Dispose()),
            Stage("- pixel encoder", () => tokenizer.PixelEncoder.Forward(normalised).Dispose(), arithmetic.Encode(), TokenizerArithmetic.PixelEncoder),
            Stage("- encoder", () => Free(tokenizer.Encoder.Forward(features, null, null, wantsImageTokens: true)), arithmetic.Encode(), TokenizerArithmetic.Encoder),
            Stage("- quantiser", () => tokenizer.Quantizer.Quantize(latents).Dispose()),
            Stage("decode", () => tokenizer.Decode(tokens).Dispose()),
            Stage("- codes", () => tokenizer.Quantizer.Lookup(tokens).Dispose()),
            Stage("- decoder", () => tokenizer.Decoder.Forward(codes, counts, null).Dispose(), arithmetic.Decode(), TokenizerArithmetic.Decoder),
            Stage("- pixel decoder", () => tokenizer.PixelDecoder.Forward(map).Dispose(), arithmetic.Decode(), TokenizerArithmetic.PixelDecoder),
        ];
        for (int round = 0; round < settings.Rounds; round++)
        {
            foreach (Subject stage in stages)
                stage.RunRound();
        }
        Subject whole = stages[0];
        foreach (Subject stage in stages)
        {
            whole = stage.What.StartsWith('-') ? whole : stage;
            string[] rates = stage.Ceiling is null ? ["", "", "", ""]
                : [$"{stage.GigaflopPerImage:0.0}", $"{stage.Rate:0}", $"{stage.CeilingRate:0}", $"{stage.OfCeiling:0 %}"];
            table.Add([stage.What, $"{batch}", $"{stage.Precision}", $"{stage.SecondsPerImage:0.000}", $"{stage.Times.Spread:0 %}", $"{stage.Times.Over(whole.Times):0 %}", .. rates]);
        }

        Subject Stage(string name, Action run, IReadOnlyList<Work>? works = null, string? stage = null) =>
            new(name, batch, tokenizer.Precision, run, works is null ? null : new ArithmeticCeiling([.. works.Where(work => work.Stage == stage)], bare));

        static void Free((Tensor Latents, Tensor[] ImageTokenLevels) result)
        {
            result.Latents.Dispose();
            foreach (Tensor level in result.ImageTokenLevels)
                level.Dispose();
        }
    }
}
