using System.Buffers.Binary;
using System.Text.RegularExpressions;
using ResTok.MLNet.PackageTests;

namespace Examples.Tests;

/// <summary>A run of an example with the demo model: what it said, and a folder with what it wrote, which goes with it.</summary>
internal sealed class ExampleRun : IDisposable
{
    /// <summary>Runs an example to its end, which must be a good one.</summary>
    /// <param name="name">Of its folder and its assembly.</param>
    /// <param name="arguments">Beside the folder to write to.</param>
    public ExampleRun(string name, params string[] arguments)
    {
        string program = Path.Combine(Repository.Root, "examples", name, "bin", Repository.Configuration, "net10.0", $"{name}.dll");
        Output = Program.Run("dotnet", Folder, [program, .. arguments, "--output", Folder]).ReplaceLineEndings("\n");
    }

    public string Output { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("restok-example-").FullName;

    /// <summary>The words of each line of what it said.</summary>
    public IEnumerable<string[]> Lines => Output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Width and height, from the PNG's header.</summary>
    public (int Width, int Height) SizeOf(string png)
    {
        byte[] bytes = File.ReadAllBytes(PathOf(png));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        return (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20)));
    }

    /// <summary>The files that a page shows or links to, all of which must be there.</summary>
    public string[] FilesOf(string page)
    {
        string[] files = [.. Regex.Matches(File.ReadAllText(PathOf(page)), "(?:src|href)=\"([^\"]+)\"").Select(match => PathOf(Uri.UnescapeDataString(match.Groups[1].Value)))];
        Assert.All(files, file => Assert.True(File.Exists(file), $"{page} shows {file}, which is not there."));
        return files;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
