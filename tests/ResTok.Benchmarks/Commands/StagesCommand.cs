using ResTok.Benchmarks.Arithmetic;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using ResTok.Models.Tokenizer;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Where the time of encoding and decoding goes: the same calls stage by stage, each against the ceiling of its own operations.</summary>
internal sealed class StagesCommand(BenchmarkSettings settings)
{
    private readonly MarkdownTable table = new(
        $"{settings.Size}, {settings.Rounds} rounds", "batch", "precision", "s/image", "±", "of all", "GFLOP/image", "GFLOP/s", "ceiling s/image", "of ceiling");

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
        Tensor pictures = Subjects.Pictures(batch, tokenizer.Config), normalised = (pictures - 0.45).to(type);
        Tensor counts = tensor(new long[] { tokenizer.Levels.TokenCount });
        // What each stage hands to the next, of one run.
        Tensor features = tokenizer.PixelEncoder!.Forward(normalised);
        Tensor latents = tokenizer.Encoder.Forward(features, null, null).Latents.to(ScalarType.Float32);
        Tensor tokens = tokenizer.Quantizer.Quantize(latents).Tokens;
        Tensor codes = tokenizer.Quantizer.Lookup(tokens).to(type);
        Tensor map = tokenizer.Decoder.Forward(codes, counts, null);

        var arithmetic = new TokenizerArithmetic(tokenizer.Config, batch);
        IReadOnlyList<Work> encode = arithmetic.Encode(), decode = arithmetic.Decode();
        var bare = new BareOperations(type);
        bare.Want([.. encode, .. decode]);
        (string Name, IReadOnlyList<Work> Works, Action Call, Samples Times)[] stages =
        [
            ("encode", encode, () => tokenizer.Encode(pictures).Dispose(), new()),
            ("- pixel encoder", Of(encode, TokenizerArithmetic.PixelEncoder), () => tokenizer.PixelEncoder.Forward(normalised).Dispose(), new()),
            ("- encoder", Of(encode, TokenizerArithmetic.Encoder), () => Free(tokenizer.Encoder.Forward(features, null, null)), new()),
            ("- quantiser", [], () => tokenizer.Quantizer.Quantize(latents).Dispose(), new()),
            ("decode", decode, () => tokenizer.Decode(tokens).Dispose(), new()),
            ("- codes", [], () => tokenizer.Quantizer.Lookup(tokens).Dispose(), new()),
            ("- decoder", Of(decode, TokenizerArithmetic.Decoder), () => tokenizer.Decoder.Forward(codes, counts, null).Dispose(), new()),
            ("- pixel decoder", Of(decode, TokenizerArithmetic.PixelDecoder), () => tokenizer.PixelDecoder.Forward(map).Dispose(), new()),
        ];
        for (int round = 0; round < settings.Rounds; round++)
        {
            bare.RunRound();
            foreach ((_, _, Action call, Samples times) in stages)
                times.Time(call);
        }
        Samples whole = stages[0].Times;
        foreach ((string name, IReadOnlyList<Work> works, _, Samples times) in stages)
        {
            whole = name.StartsWith('-') ? whole : times;
            double flops = works.Sum(work => work.Count * work.Operation.Flops), ceiling = bare.SecondsOf(works);
            table.Add(name, $"{batch}", $"{tokenizer.Precision}", $"{times.Median / batch:0.000}", $"{times.Spread:0 %}", $"{times.Median / whole.Median:0 %}", $"{flops / batch / 1e9:0.0}",
                $"{flops / times.Median / 1e9:0}", $"{ceiling / batch:0.000}", $"{ceiling / times.Median:0 %}");
        }

        static IReadOnlyList<Work> Of(IReadOnlyList<Work> works, string stage) => [.. works.Where(work => work.Stage == stage)];

        static void Free((Tensor Latents, Tensor[] ImageTokenLevels) result)
        {
            result.Latents.Dispose();
            foreach (Tensor level in result.ImageTokenLevels)
                level.Dispose();
        }
    }
}
