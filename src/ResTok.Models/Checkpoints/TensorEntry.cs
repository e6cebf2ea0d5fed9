using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>What a checkpoint says of one tensor.</summary>
/// <param name="Name">Its state-dict name, without a leading <c>_orig_mod.</c>.</param>
/// <param name="DataType">Its number format in the file.</param>
/// <param name="Shape">Its shape.</param>
public sealed record TensorEntry(string Name, ScalarType DataType, IReadOnlyList<long> Shape)
{
    /// <summary>"Float32 [3, 4]", for messages.</summary>
    public override string ToString() => $"{DataType} [{string.Join(", ", Shape)}]";
}
