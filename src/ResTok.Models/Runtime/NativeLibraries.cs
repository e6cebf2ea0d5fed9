using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using TorchSharp;

namespace ResTok.Models.Runtime;

/// <summary>Finding native libraries, and facts about the system's own.</summary>
internal static partial class NativeLibraries
{
    /// <summary>Where native files of packages may be, nearest first.</summary>
    public static IReadOnlyList<string> SearchFolders()
    {
        string identifier = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        string native = Path.Combine("runtimes", identifier, "native");
        var folders = new List<string>();
        // What the host found through deps.json, in the program's folder or in the NuGet cache.
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string probed)
            folders.AddRange(probed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        folders.Add(AppContext.BaseDirectory);
        folders.Add(Path.Combine(AppContext.BaseDirectory, native));
        // A notebook loads TorchSharp.dll from the NuGet cache: <cache>/torchsharp/<version>/lib/<framework>/TorchSharp.dll.
        string assembly = typeof(torch).Assembly.Location;
        if (assembly.Length > 0 && Path.GetFullPath(Path.Combine(assembly, "..", "..", "..")) is var package && Directory.Exists(Path.Combine(package, "lib")))
        {
            folders.Add(Path.Combine(package, native));
            string cache = Path.GetFullPath(Path.Combine(package, "..", ".."));
            foreach (string libtorch in Directory.GetDirectories(cache, "libtorch-c*-" + identifier + "*").Order(StringComparer.Ordinal))
                folders.AddRange(Directory.GetDirectories(libtorch).OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, native)));
        }
        return [.. folders.Where(Directory.Exists).Distinct()];
    }

    public static string? Find(IEnumerable<string> folders, string file) =>
        folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>Loads a library for the life of the process.</summary>
    public static void Load(string file)
    {
        try
        {
            NativeLibrary.Load(file);
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchRuntimeException($"{file} does not load on {Distribution()}: {failure.Message}", failure);
        }
    }

    /// <summary>The newest GLIBCXX version that the system's libstdc++ offers, or null where there is none.</summary>
    public static string? NewestStandardLibraryVersion()
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out _))
            return null;
        string? file = File.ReadLines("/proc/self/maps").Select(line => line[(line.IndexOf('/') + 1)..])
            .FirstOrDefault(path => path.Contains("libstdc++.so", StringComparison.Ordinal));
        if (file is null || !File.Exists("/" + file))
            return null;
        return StandardLibraryVersion().Matches(Encoding.Latin1.GetString(File.ReadAllBytes("/" + file)))
            .Select(match => int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture))
            .DefaultIfEmpty().Max() is > 0 and var newest ? $"GLIBCXX_3.4.{newest}" : null;
    }

    /// <summary>The system's name as its users know it.</summary>
    public static string Distribution() =>
        (File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?[12..].Trim('"')
            : null)
        ?? RuntimeInformation.OSDescription;

    [GeneratedRegex(@"GLIBCXX_3\.4\.(\d+)\0")]
    private static partial Regex StandardLibraryVersion();
}
