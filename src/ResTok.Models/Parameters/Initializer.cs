namespace ResTok.Models.Parameters;

/// <summary>How a parameter starts when it is trained from scratch.</summary>
internal readonly record struct Initializer(InitializerKind Kind, double Scale)
{
    public static readonly Initializer Zeros = new(InitializerKind.Constant, 0);
    public static readonly Initializer Ones = new(InitializerKind.Constant, 1);

    /// <summary>
    /// Of a matrix or convolution: normal with standard deviation 0.02, the reference's choice (its truncation at ±2 never bites), or by
    /// fan-in: <see cref="WeightInitialization"/>.
    /// </summary>
    public static readonly Initializer Weight = new(InitializerKind.Weight, 0.02);

    /// <summary>Of a transformer block's scale of a branch: 1, the reference's choice, or small: <see cref="WeightInitialization"/>.</summary>
    public static readonly Initializer BranchScale = new(InitializerKind.BranchScale, 1);

    public static Initializer Normal(double standardDeviation) => new(InitializerKind.Normal, standardDeviation);

    /// <summary>Uniform in [−<paramref name="bound"/>, <paramref name="bound"/>).</summary>
    public static Initializer Uniform(double bound) => new(InitializerKind.Uniform, bound);
}

internal enum InitializerKind
{
    Constant,
    Normal,
    Weight,
    BranchScale,
    Uniform,
}
