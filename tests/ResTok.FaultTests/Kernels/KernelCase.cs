using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.FaultTests.Kernels;

/// <summary>A call of libtorch in one format, judged by the same call in float64 on the same numbers.</summary>
/// <param name="Name">What is called, and on which shapes.</param>
/// <param name="Type">float32 or bfloat16.</param>
/// <param name="Shapes">Of the arguments, which are normally distributed.</param>
/// <param name="Operation">Gets the arguments.</param>
/// <param name="WithGradients">Whether the gradients by all arguments are judged too. Without, the call runs as inference does.</param>
internal sealed record KernelCase(string Name, ScalarType Type, long[][] Shapes, Func<Tensor[], Tensor> Operation, bool WithGradients = false)
{
    /// <summary>The largest error that rounding explains, as a share of the largest value.</summary>
    private double Tolerance => Type == ScalarType.Float32 ? 1e-4 : 5e-2;

    /// <returns>What is wrong, or null.</returns>
    public string? Judge(int seed)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)seed);
        Tensor[] arguments = [.. Shapes.Select(shape => (randn(shape, generator: random) / Math.Sqrt(shape.Length > 1 ? shape[1..].Aggregate(1.0, (a, b) => a * b) : 1)).to(Type))];
        (Tensor[] found, Tensor[] exact) = WithGradients ? WithBackward(arguments, random) : Forward(arguments);
        for (int i = 0; i < found.Length; i++)
        {
            double error = Error(found[i], exact[i]);
            if (!(error < Tolerance)) // or NaN
                return $"{(i == 0 ? "result" : $"gradient {i}")} off by {error:0.0e+0} of the largest value";
        }
        return null;
    }

    private (Tensor[] Found, Tensor[] Exact) Forward(Tensor[] arguments)
    {
        using var noGradient = no_grad();
        Tensor[] wide = [.. arguments.Select(argument => argument.to(ScalarType.Float64))]; // copies: the call may overwrite its arguments
        return ([Operation(arguments)], [Operation(wide)]);
    }

    private (Tensor[] Found, Tensor[] Exact) WithBackward(Tensor[] arguments, Generator random)
    {
        Tensor[] narrow = [.. arguments.Select(argument => argument.detach().requires_grad_())];
        Tensor[] wide = [.. arguments.Select(argument => argument.detach().to(ScalarType.Float64).requires_grad_())];
        Tensor y = Operation(narrow), exact = Operation(wide);
        Tensor gradient = randn(y.shape, generator: random).to(Type);
        y.backward([gradient]);
        exact.backward([gradient.to(ScalarType.Float64)]);
        return ([y.detach(), .. narrow.Select(argument => argument.grad!)], [exact.detach(), .. wide.Select(argument => argument.grad!)]);
    }

    private static double Error(Tensor found, Tensor exact)
    {
        using var scope = NewDisposeScope();
        double largest = exact.abs().max().item<double>();
        return (found.to(ScalarType.Float64) - exact).abs().max().item<double>() / Math.Max(largest, 1e-12);
    }
}
