using System.Runtime.CompilerServices;
using ResTok.Models.Runtime;

namespace ResTok.Models.Tests;

/// <summary>The tests' files, in the repo.</summary>
internal static class TestData
{
    /// <summary>tests/ResTok.Models.Tests/Data.</summary>
    public static string Root { get; } = Path.Combine(Repository.Root, "tests", "ResTok.Models.Tests", "Data");

    public static string TinyTokenizer => Path.Combine(Root, "checkpoints", "tiny", "restok");

    public static string TinyGenerator => Path.Combine(Root, "checkpoints", "tiny", "generator");

    /// <summary>Tests make tensors of their own before they touch the library.</summary>
    [ModuleInitializer]
    internal static void LoadTorch() => TorchRuntime.EnsureLoaded();
}

/// <summary>A folder for one test, removed with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
