using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>The networks that metrics of reconstructions need, of those whose weights are there.</summary>
internal sealed class ReconstructionNetworks : IDisposable
{
    /// <exception cref="Checkpoints.CheckpointException">A network's file is missing or another.</exception>
    /// <exception cref="ArgumentException">Only one of LPIPS's two files is given.</exception>
    public ReconstructionNetworks(EvaluationWeights? weights, Device? device)
    {
        Runtime.TorchRuntime.EnsureLoaded();
        try
        {
            Inception = weights?.LoadInception(device ?? CPU);
            AlexNet = weights?.LoadAlexNet(device ?? CPU);
            ResNet18 = weights?.LoadResNet18(device ?? CPU);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public InceptionNetwork? Inception { get; }

    public AlexDistance? AlexNet { get; }

    public ResNet18Network? ResNet18 { get; }

    /// <summary>What the networks see in images.</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1].</param>
    public ImageFeatures FeaturesOf(Tensor images)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return new(Inception?.Forward((images * 255).to(ScalarType.Byte)).MoveToOuterDisposeScope(), ResNet18?.Pooled(images).MoveToOuterDisposeScope());
    }

    public void Dispose()
    {
        Inception?.Dispose();
        AlexNet?.Dispose();
        ResNet18?.Dispose();
    }
}

/// <summary>What networks see in images.</summary>
/// <param name="Inception">Null without that network.</param>
/// <param name="ResNet18">[B, 512]; null without that network.</param>
internal sealed record ImageFeatures(InceptionFeatures? Inception, Tensor? ResNet18) : IDisposable
{
    public void Dispose()
    {
        Inception?.Dispose();
        ResNet18?.Dispose();
    }
}
