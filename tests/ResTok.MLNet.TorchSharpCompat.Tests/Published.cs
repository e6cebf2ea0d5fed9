using System.Reflection;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>Microsoft.ML.TorchSharp as its package has it; this program itself runs with the patched copy.</summary>
internal static class Published
{
    public static string Path { get; } = typeof(Published).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "PublishedTrainers").Value!;
}
