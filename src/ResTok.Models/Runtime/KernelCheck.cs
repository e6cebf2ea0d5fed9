using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Runtime;

/// <summary>
/// Compares a few of libtorch's kernels with plain arithmetic, of the shapes that went wrong on processors that hide their caches. All
/// values are small integers, so that every result is exact, and the sum over the outputs must be equal at every place. Most of its time
/// is libtorch's own start.
/// </summary>
internal static class KernelCheck
{
    private static readonly Shape[] Shapes =
    [
        new("product in float32", ScalarType.Float32, Batch: 1, Inputs: 64, Outputs: 1024, Height: 384, Width: 1, Kernel: 1), // as a 1×1 convolution
        new("convolution in bfloat16", ScalarType.BFloat16, Batch: 1, Inputs: 16, Outputs: 3, Height: 16, Width: 16, Kernel: 3),
        new("gradient of a convolution in float32", ScalarType.Float32, Batch: 2, Inputs: 12, Outputs: 32, Height: 16, Width: 16, Kernel: 3, IsGradient: true),
    ];

    /// <returns>What to throw, or null where all is right.</returns>
    public static TorchRuntimeException? Run()
    {
        string[] wrong = [.. Shapes.Where(shape => !IsRight(shape)).Select(shape => shape.Name)];
        return wrong.Length == 0 ? null : new(
            $"libtorch computes wrong results on this processor ({ProcessorName()}{(TorchRuntime.ProcessorNotice is { } notice ? $"; {notice.TrimEnd('.')}" : "")}): {string.Join(", ", wrong)}. "
            + $"No model is loaded, as its tokens would be wrong. What helps: the environment variable {ProcessorCure.Setting}=safe (or auto, the default), TorchSharp-cpu 0.107.0 in place of another libtorch, or another machine. Please report it.");
    }

    private static bool IsRight(Shape shape)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int taps = shape.Kernel * shape.Kernel;
        float[] x = Integers(shape.Batch * shape.Inputs * shape.Height * shape.Width), weight = Integers(shape.Outputs * shape.Inputs * taps);
        Tensor image = tensor(x).view(shape.Batch, shape.Height, shape.Width, shape.Inputs).permute(0, 3, 1, 2); // channels last
        Tensor kernel = tensor(weight).view(shape.Outputs, shape.Inputs, shape.Kernel, shape.Kernel);
        long[] padding = [shape.Kernel / 2, shape.Kernel / 2];
        Tensor y = shape.IsGradient
            ? nn.functional.conv_transpose2d(image.contiguous(), kernel.transpose(0, 1).contiguous(), padding: padding)
            : nn.functional.conv2d((shape.Kernel == 1 ? image : image.contiguous()).to(shape.Type), kernel.to(shape.Type), padding: padding);
        Tensor sums = y.permute(0, 2, 3, 1).to(ScalarType.Float32).contiguous(); // [B, H, W, outputs]
        return AreSums(shape, MemoryMarshal.Cast<byte, float>(sums.bytes), x, weight);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreSums(Shape shape, ReadOnlySpan<float> y, float[] x, float[] weight)
    {
        int side = shape.Kernel, taps = side * side, at = 0;
        var summed = new float[shape.Inputs * taps]; // the weights, over the outputs
        for (int i = 0; i < weight.Length; i++)
            summed[i % summed.Length] += weight[i];
        for (int batch = 0; batch < shape.Batch; batch++)
        {
            for (int place = 0; place < shape.Height * shape.Width; place++)
            {
                float expected = 0, found = 0;
                for (int tap = 0; tap < taps; tap++)
                {
                    int down = tap / side - side / 2, right = tap % side - side / 2, sign = shape.IsGradient ? -1 : 1;
                    int row = place / shape.Width + sign * down, column = place % shape.Width + sign * right;
                    if (row < 0 || row >= shape.Height || column < 0 || column >= shape.Width)
                        continue;
                    int start = ((batch * shape.Height + row) * shape.Width + column) * shape.Inputs;
                    for (int input = 0; input < shape.Inputs; input++)
                        expected += x[start + input] * summed[input * taps + tap];
                }
                for (int output = 0; output < shape.Outputs; output++)
                    found += y[at++];
                if (expected != found)
                    return false;
            }
        }
        return true;
    }

    /// <summary>−1, 0 and 1 in a fixed sequence, so that no random stream of the program moves. Their sums fit bfloat16.</summary>
    private static float[] Integers(int count)
    {
        var values = new float[count];
        uint state = (uint)count;
        for (int i = 0; i < count; i++)
        {
            state = state * 1664525 + 1013904223;
            values[i] = (int)((state >> 16) % 3) - 1;
        }
        return values;
    }

    private static string ProcessorName() =>
        (File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() : null)
        ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <param name="Name">For the message.</param>
    /// <param name="Type">The format computed in.</param>
    /// <param name="Batch">Images.</param>
    /// <param name="Inputs">Channels in.</param>
    /// <param name="Outputs">Channels out.</param>
    /// <param name="Height">Rows.</param>
    /// <param name="Width">Columns.</param>
    /// <param name="Kernel">Of Kernel × Kernel.</param>
    /// <param name="IsGradient">Whether it is the gradient by the input of a convolution that has these inputs as outputs.</param>
    private readonly record struct Shape(string Name, ScalarType Type, int Batch, int Inputs, int Outputs, int Height, int Width, int Kernel, bool IsGradient = false);
}
