namespace ResTok.Tests;

/// <summary>The repository that the tests run in. Linked into the projects that use it.</summary>
internal static class Repository
{
    /// <summary>What this build was built as; other projects' programs lie in a folder of that name.</summary>
#if DEBUG
    public const string Configuration = "Debug";
#else
    public const string Configuration = "Release";
#endif

    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ResTok.MLNet.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
