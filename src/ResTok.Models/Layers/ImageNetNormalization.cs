using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>From RGB in [0, 1] to values with ImageNet's mean 0 and deviation 1, which the networks see.</summary>
internal sealed class ImageNetNormalization(Device device) : IDisposable
{
    private readonly Tensor mean = OfChannels(Mean, device);
    private readonly Tensor deviation = OfChannels(Deviation, device);

    /// <summary>ImageNet's mean red, green and blue.</summary>
    public static float[] Mean => [0.485f, 0.456f, 0.406f];

    /// <summary>And their deviations.</summary>
    public static float[] Deviation => [0.229f, 0.224f, 0.225f];

    /// <param name="images">[B, 3, H, W] in [0, 1], float32.</param>
    public Tensor Apply(Tensor images) => (images - mean) / deviation;

    public void Dispose()
    {
        mean.Dispose();
        deviation.Dispose();
    }

    private static Tensor OfChannels(float[] values, Device device) => tensor(values).view(1, 3, 1, 1).to(device).DetachFromDisposeScope();
}
