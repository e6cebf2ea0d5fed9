using System.Globalization;

namespace ResTok.MLNet.PackageTests;

/// <summary>The packages of this build in a folder, which serves as a feed.</summary>
public class PackedPackages : IDisposable
{
    public PackedPackages()
    {
        // Test projects run at the same time, and packing writes into the libraries' obj folders.
        using var alone = new Mutex(false, "restok-pack");
        alone.WaitOne();
        try
        {
            Program.Run("dotnet", Repository.Root, "pack", Path.Combine("nuget", "Pack.proj"), "-c", Repository.Configuration, "--no-build", "-o", Packages, $"-p:Version={Version}");
        }
        finally
        {
            alone.ReleaseMutex();
        }
    }

    public string Version { get; } = NewVersion();

    /// <summary>A unique one, so that no NuGet cache can answer with an earlier build.</summary>
    public static string NewVersion() => string.Create(CultureInfo.InvariantCulture, $"0.0.1-test.{DateTime.UtcNow.Ticks}");

    public string Folder { get; } = Directory.CreateTempSubdirectory("restok-package-test-").FullName;

    public string Packages => Path.Combine(Folder, "feed");

    /// <summary>Where what a restore unpacks from the feed goes, so that the user's cache stays as it is.</summary>
    public string Unpacked => Path.Combine(Folder, "packages");

    /// <summary>Packages that are here already, and are used where they are.</summary>
    public string UserCache { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
