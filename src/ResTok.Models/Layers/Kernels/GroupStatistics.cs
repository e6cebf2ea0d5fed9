using System.Numerics;
using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>Group normalisation of an image with channels last, as one factor and one addend for each channel.</summary>
internal static unsafe class GroupStatistics
{
    private const int Block = 32; // pixels whose float32 sums are added in float64

    /// <param name="image">[pixels, channels].</param>
    /// <param name="pixels">Of the image.</param>
    /// <param name="channels">A multiple of the groups.</param>
    /// <param name="groups">Channels that lie together share mean and variance.</param>
    /// <param name="weight">[channels].</param>
    /// <param name="bias">[channels].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="factors">Gets [2, channels]: x normalised is x · factor + addend.</param>
    public static void Compute(float* image, int pixels, int channels, int groups, float* weight, float* bias, double epsilon, float* factors)
    {
        int parts = Math.Clamp(pixels / (4 * Block), 1, 4 * CpuThreads.Count), inGroup = channels / groups;
        var sums = new double[parts * 2 * groups];
        CpuThreads.Run(parts, part =>
        {
            int start = (int)((long)pixels * part / parts), end = (int)((long)pixels * (part + 1) / parts);
            float* moments = stackalloc float[2 * channels];
            double* totals = stackalloc double[2 * channels];
            new Span<double>(totals, 2 * channels).Clear();
            for (int first = start; first < end; first += Block)
            {
                Moments(image + (long)first * channels, Math.Min(Block, end - first), channels, moments);
                Add(moments, totals, 2 * channels);
            }
            for (int i = 0; i < 2 * channels; i++)
                sums[part * 2 * groups + i / inGroup] += totals[i];
        });
        for (int group = 0; group < groups; group++)
        {
            double sum = 0, squares = 0, count = (double)pixels * inGroup;
            for (int part = 0; part < parts; part++)
            {
                sum += sums[part * 2 * groups + group];
                squares += sums[(part * 2 + 1) * groups + group];
            }
            double mean = sum / count, scale = 1 / Math.Sqrt(Math.Max(0, squares / count - mean * mean) + epsilon);
            for (int channel = group * inGroup; channel < (group + 1) * inGroup; channel++)
            {
                factors[channel] = (float)(scale * weight[channel]);
                factors[channels + channel] = (float)(bias[channel] - mean * scale * weight[channel]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* values, double* totals, int count)
    {
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(values + i), out Vector<double> low, out Vector<double> high);
            Vector.Store(Vector.Load(totals + i) + low, totals + i);
            Vector.Store(Vector.Load(totals + i + Vector<double>.Count) + high, totals + i + Vector<double>.Count);
        }
        for (; i < count; i++)
            totals[i] += values[i];
    }

    /// <summary>Sums and sums of squares of each channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Moments(float* image, int pixels, int channels, float* moments)
    {
        int channel = 0, register = Vector<float>.Count;
        for (; channel + 2 * register <= channels; channel += 2 * register)
        {
            Vector<float> sum = default, square = default, sum2 = default, square2 = default;
            float* x = image + channel;
            for (int pixel = 0; pixel < pixels; pixel++, x += channels)
            {
                Vector<float> value = Vector.Load(x), value2 = Vector.Load(x + register);
                sum += value;
                sum2 += value2;
                square = Vector.MultiplyAddEstimate(value, value, square);
                square2 = Vector.MultiplyAddEstimate(value2, value2, square2);
            }
            Vector.Store(sum, moments + channel);
            Vector.Store(sum2, moments + channel + register);
            Vector.Store(square, moments + channels + channel);
            Vector.Store(square2, moments + channels + channel + register);
        }
        for (; channel < channels; channel++)
        {
            float sum = 0, square = 0;
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                float value = image[(long)pixel * channels + channel];
                sum += value;
                square += value * value;
            }
            moments[channel] = sum;
            moments[channels + channel] = square;
        }
    }
}
