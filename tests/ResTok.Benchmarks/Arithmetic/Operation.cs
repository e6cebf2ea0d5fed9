using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Arithmetic;

/// <summary>One call into libtorch that does the arithmetic of a network: its shape, its cost, and how to call it bare.</summary>
internal abstract record Operation
{
    /// <summary>What table it counts under.</summary>
    public abstract string Kind { get; }

    /// <summary>Floating-point operations that the network needs of it: two for a product and its sum.</summary>
    public abstract double Flops { get; }

    /// <summary>Those that <see cref="Ways"/> do: more where the network masks some of the result.</summary>
    public virtual double BareFlops => Flops;

    /// <summary>The plain calls that compute it, on tensors of the current dispose scope. The ceiling is the fastest of them.</summary>
    public abstract Func<Tensor>[] Ways(ScalarType dataType);

    /// <summary>Written, so that every page of it has memory of its own.</summary>
    protected static Tensor Filled(ScalarType dataType, params long[] shape) => full(shape, 0.01, dtype: dataType);
}

/// <summary>A product of rows with a weight matrix.</summary>
internal sealed record LinearOperation(long Rows, long Inputs, long Outputs) : Operation
{
    /// <summary>More than the caches hold: in a network the next call has other weights.</summary>
    private const long WeightBytes = 96 << 20;

    public override string Kind => "linear";

    public override double Flops => 2.0 * Rows * Inputs * Outputs;

    /// <summary>With a bias and without: libtorch goes two ways.</summary>
    public override Func<Tensor>[] Ways(ScalarType dataType)
    {
        Tensor x = Filled(dataType, 1, Rows, Inputs), bias = Filled(dataType, Outputs);
        long copies = Math.Clamp(WeightBytes / (Inputs * Outputs * x.ElementSize), 1, 64);
        Tensor[] weights = [.. Enumerable.Range(0, (int)copies).Select(_ => Filled(dataType, Outputs, Inputs))];
        int next = 0;
        return [() => nn.functional.linear(x, weights[next++ % weights.Length], bias), () => nn.functional.linear(x, weights[next++ % weights.Length])];
    }
}

/// <summary>A convolution of square images at stride 1 that keeps their size.</summary>
internal sealed record ConvolutionOperation(long Batch, long Inputs, long Outputs, long Kernel, long Side) : Operation
{
    public override string Kind => "convolution";

    public override double Flops => 2.0 * Batch * Inputs * Outputs * Kernel * Kernel * Side * Side;

    /// <summary>With channels first, and with channels last.</summary>
    public override Func<Tensor>[] Ways(ScalarType dataType)
    {
        Tensor x = Filled(dataType, Batch, Inputs, Side, Side), weight = Filled(dataType, Outputs, Inputs, Kernel, Kernel);
        Tensor last = ChannelsLast(x), weightLast = ChannelsLast(weight);
        long[] stride = [1, 1], padding = [Kernel / 2, Kernel / 2];
        return [() => nn.functional.conv2d(x, weight, null, stride, padding), () => nn.functional.conv2d(last, weightLast, null, stride, padding)];
    }

    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}

/// <summary>Attention of all heads.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Heads">Heads of each.</param>
/// <param name="HeadWidth">Features of a head.</param>
/// <param name="Queries">Tokens that look.</param>
/// <param name="Keys">Tokens that are looked at.</param>
/// <param name="Pairs">How many pairs of them the mask lets through.</param>
internal sealed record AttentionOperation(long Batch, long Heads, long HeadWidth, long Queries, long Keys, long Pairs) : Operation
{
    public override string Kind => "attention";

    public override double Flops => 4.0 * Batch * Heads * HeadWidth * Pairs;

    public override double BareFlops => 4.0 * Batch * Heads * HeadWidth * Queries * Keys;

    /// <summary>Fused, and written out; without a mask.</summary>
    public override Func<Tensor>[] Ways(ScalarType dataType)
    {
        Tensor query = Filled(dataType, Batch, Heads, Queries, HeadWidth), key = Filled(dataType, Batch, Heads, Keys, HeadWidth), value = Filled(dataType, Batch, Heads, Keys, HeadWidth);
        return [() => nn.functional.scaled_dot_product_attention(query, key, value), WrittenOut];

        Tensor WrittenOut()
        {
            using Tensor turned = key.transpose(-2, -1), scores = matmul(query, turned), weights = nn.functional.softmax(scores, -1);
            return matmul(weights, value);
        }
    }
}
