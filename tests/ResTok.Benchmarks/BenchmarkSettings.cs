using ResTok.Models;

namespace ResTok.Benchmarks;

/// <summary>What to measure, and how often.</summary>
internal sealed record BenchmarkSettings(ModelSize Size, IReadOnlyList<int> Batches, IReadOnlyList<Precision> Precisions, int Rounds);
