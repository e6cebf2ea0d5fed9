using System.Numerics;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>The few Python objects a checkpoint may hold besides null, bool, long, double and string.</summary>
internal sealed class PickleDict : Dictionary<object, object?>;

internal sealed class PickleList : List<object?>;

internal sealed record PickleTuple(object?[] Items);

/// <summary>An integer beyond 64 bits; only the magic number of old files is one.</summary>
internal sealed record PickleBigInteger(BigInteger Value);

/// <summary>A name from the closed list of what a checkpoint may refer to.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>The data behind tensors.</summary>
/// <param name="DataType">The format of its elements.</param>
/// <param name="Key">What the file calls it.</param>
/// <param name="Elements">How many elements it has.</param>
internal sealed record PickleStorage(ScalarType DataType, string Key, long Elements);

/// <summary>A tensor: a strided part of a storage.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
