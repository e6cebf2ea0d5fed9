using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>The network that needs no download by hand. That it equals its ONNX file is tested where ONNX Runtime is: ResTok.MLNet.Onnx.Tests.</summary>
public sealed class ResNet18Tests : IDisposable
{
    private readonly ResNet18Network network = ResNet18Network.Load(new EvaluationWeights().ResNet18!, CPU);

    [Fact]
    [Trait("Category", "Slow")]
    public void The_distance_grows_with_noise_and_with_blur_and_does_not_depend_on_order_or_batch()
    {
        using var scope = NewDisposeScope();
        Tensor images = cat([.. Enumerable.Range(0, 3).Select(b => new EvaluationImages("").Busy(b, 64, 64))]);
        Tensor noise = rand_like(images) - 0.5;
        Tensor[] noisier = [images, (images + 0.05 * noise).clamp(0, 1), (images + 0.2 * noise).clamp(0, 1), (images + 0.8 * noise).clamp(0, 1)];
        Tensor[] blurrier = [images, .. new[] { 3, 5, 9 }.Select(width => nn.functional.avg_pool2d(images, width, 1, width / 2, count_include_pad: false))];
        foreach (Tensor[] worse in new[] { noisier, blurrier })
        {
            float[][] distances = [.. worse.Select(other => network.Distance(images, other).data<float>().ToArray())];
            Assert.All(distances[0], distance => Assert.Equal(0, distance));
            for (int i = 1; i < distances.Length; i++)
                Assert.All(distances[i].Zip(distances[i - 1]), pair => Assert.True(pair.First > pair.Second && pair.First < 2, $"{pair.First} after {pair.Second}"));
        }
        float[] back = [.. network.Distance(noisier[3], images).data<float>()];
        Assert.Equal(network.Distance(images, noisier[3]).data<float>().ToArray(), back);
        Assert.Equal(back[1], network.Distance(images.narrow(0, 1, 1), noisier[3].narrow(0, 1, 1)).item<float>(), 1e-6f);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Gradients_reach_the_image_also_where_it_is_black()
    {
        using var scope = NewDisposeScope();
        Tensor image = Recipe.Images(1, 32), other = zeros_like(image).requires_grad_();
        for (int step = 0; step < 2; step++)
        {
            Tensor distance = network.Distance(other, image).sum();
            distance.backward();
            Assert.True(other.grad!.isfinite().all().item<bool>());
            Assert.True(other.grad!.abs().max().item<float>() > 0);
            using Tensor moved = (other - other.grad! * (0.002 / other.grad!.abs().max())).detach();
            Assert.True(network.Distance(moved, image).item<float>() < distance.item<float>());
            other = (0.5 * image).detach().requires_grad_();
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Another_file_is_refused_with_what_is_wanted_and_where_it_is()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["ResNet18.onnx"], "other");
        string message = Assert.Throws<CheckpointException>(() => new EvaluationWeights { ResNet18 = folder["ResNet18.onnx"] }.LoadResNet18(CPU)).Message;
        Assert.Contains("Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1", message, StringComparison.Ordinal);
        Assert.Contains("e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f", message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<CheckpointException>(() => new EvaluationWeights { ResNet18 = folder["none"] }.LoadResNet18(CPU)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => network.Dispose();
}
