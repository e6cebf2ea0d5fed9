using System.Globalization;
using ResTok.Models.Training;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>Gradients of one training step against the reference's, relative difference at most 1e-3.</summary>
[Trait("Category", "Parity")]
public class GradientParityTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-3;

    private readonly List<string> faults = [];

    [Fact]
    public void Generator()
    {
        string folder = GoldenSet.Folders("generator")["tiny"];
        using var golden = new GoldenSet(folder, "generator");
        using var gradients = new GoldenTensors(Path.Combine(folder, "generator_gradients.safetensors"));
        using var scope = NewDisposeScope();
        using var generator = new ImageGenerator(golden.GeneratorConfig(), new Recipe(golden.Salt), null, Precision.Float32);
        using var replica = new ComputeReplica<ImageGenerator>(generator, null);
        Tensor tokens = golden["teacher.indices"];
        Tensor logits = generator.Predict(tensor(golden.Description["labels"]!.AsArray().Select(label => (long)label!).ToArray()), tokens, null);
        Tensor loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten());
        Compare("loss", gradients["loss"], loss.unsqueeze(0));
        loss.backward();
        CompareGradients(gradients, generator);
        Assert.Empty(faults);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Tokenizer()
    {
        string folder = GoldenSet.Folders("tokenizer")["tiny"];
        using var golden = new GoldenSet(folder, "tokenizer");
        using var gradients = new GoldenTensors(Path.Combine(folder, "tokenizer_gradients.safetensors"));
        using var scope = NewDisposeScope();
        using var tokenizer = new ImageTokenizer(golden.TokenizerConfig(), new Recipe(golden.Salt), null, Precision.Float32);
        using var replica = new ComputeReplica<ImageTokenizer>(tokenizer, null);
        int batch = (int)golden.Description["batch"]!;
        Tensor images = Recipe.Images(batch, tokenizer.Config.CropSize);
        Models.Tokenizer.Networks.Reconstruction made = tokenizer.Reconstruct(images, [.. Enumerable.Repeat(tokenizer.Config.LatentTokens, batch)]);
        Tensor reconstruction = nn.functional.mse_loss(made.Images, images);
        Tensor quantizer = tokenizer.Quantizer.Losses(made.Quantization).Total;
        Compare("loss.reconstruction", gradients["loss.reconstruction"], reconstruction.unsqueeze(0));
        Compare("loss.quantizer", gradients["loss.quantizer"], quantizer.unsqueeze(0));
        (reconstruction + quantizer).backward();
        CompareGradients(gradients, tokenizer);
        Assert.Empty(faults);
    }

    private void CompareGradients(GoldenTensors golden, PretrainedModel model)
    {
        foreach (string name in golden.Names)
        {
            string[] parts = name.Split('.', 2);
            if (parts[0] == "grad_norm")
                Compare(name, golden[name], model.StateDict[parts[1]].grad!.norm().unsqueeze(0));
            else if (parts[0] == "grad")
                Compare(name, golden[name], model.StateDict[parts[1][..^".first16".Length]].grad!.flatten().narrow(0, 0, golden[name].numel()));
        }
    }

    private void Compare(string name, Tensor expected, Tensor actual)
    {
        // Where the gradient is exactly zero, so must ours be.
        double error = ((expected - actual).norm() / expected.norm().clamp_min(1e-12)).item<float>();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: relative difference {error:g3} (allowed {Tolerance:g1})"));
        if (!(error <= Tolerance))
            faults.Add($"{name}: {error:g3} > {Tolerance:g1}");
    }

    private sealed class GoldenTensors(string path) : IDisposable
    {
        private readonly Models.Checkpoints.Checkpoint tensors = Models.Checkpoints.Checkpoint.Open(path);

        public Tensor this[string name] => tensors.GetTensor(name);

        public IEnumerable<string> Names => tensors.Entries.Keys;

        public void Dispose() => tensors.Dispose();
    }
}
