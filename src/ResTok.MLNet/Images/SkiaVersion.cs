using System.Reflection;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.MLNet.Images;

/// <summary>ML.NET's images need the SkiaSharp that ML.NET was built on; with another they end in a MissingMethodException.</summary>
internal static class SkiaVersion
{
    private static readonly string? Fault = Find();

    /// <exception cref="NotSupportedException">The program has another SkiaSharp.</exception>
    public static void Check()
    {
        if (Fault is not null)
            throw new NotSupportedException(Fault);
    }

    private static string? Find()
    {
        AssemblyName built = typeof(MLImage).Assembly.GetReferencedAssemblies().First(assembly => assembly.Name == "SkiaSharp");
        Version loaded = typeof(SKBitmap).Assembly.GetName().Version!;
        return loaded.Major == built.Version!.Major ? null
            : $"This program has SkiaSharp {loaded.ToString(2)}, but the images of ML.NET {typeof(MLImage).Assembly.GetName().Version!.ToString(1)} work with {built.Version.ToString(2)} only. "
                + $"Another package brings the newer one: reference SkiaSharp and SkiaSharp.NativeAssets.Linux.NoDependencies (or those of your system) in version {built.Version.ToString(2)}.9, and of the other package a version that takes them.";
    }
}
