using System.Diagnostics;
using ResTok.Models;
using ResTok.Models.Runtime;

namespace ResTok.FaultTests.Running;

/// <summary>Kills processes that write, and lets the disk be full: what was there before is intact, or the new is complete.</summary>
internal static class FaultsPart
{
    private const int Rounds = 50; // of a kill of each kind

    public static PartFigures Run(PartSettings settings)
    {
        TorchRuntime.EnsureLoaded();
        var figures = new PartFigures();
        string root = Directory.CreateTempSubdirectory("restok-faults-").FullName;
        long start = Stopwatch.GetTimestamp();
        var random = new Random(settings.Seed);
        using (var kills = new Kills(root, random))
        {
            int rounds = 0;
            for (; rounds < 3 || !settings.IsOver(rounds, Rounds, Stopwatch.GetElapsedTime(start)); rounds++)
            {
                foreach ((string name, Action kill) in kills.Kinds)
                    Judge($"{name}, kill {rounds}", figures, kill);
            }
            foreach ((string name, _) in kills.Kinds)
                Console.WriteLine($"   {name}: {rounds} kills, {figures.Findings.Count(finding => finding.StartsWith(name, StringComparison.Ordinal))} losses");
            Judge("what kills left behind", figures, kills.Remainders);
        }
        string saved = Path.Combine(root, Victim.Export);
        Judge("a full disk", figures, () => FullDisk(saved, root));
        Judge("a folder that cannot be written", figures, Unwritable);
        Judge("a file where the folder should be", figures, () => FileForFolder(root));
        Directory.Delete(root, recursive: true);
        return figures;
    }

    private static void Judge(string name, PartFigures figures, Action fault)
    {
        figures.Tried++;
        try
        {
            fault();
            figures.Succeeded++;
        }
        catch (Exception loss)
        {
            figures.Findings.Add($"{name}: {loss.GetType()}: {loss.Message}");
        }
    }

    private static void FullDisk(string folder, string root)
    {
        if (!OperatingSystem.IsLinux())
            return;
        string disk = Directory.CreateDirectory(Path.Combine(root, "disk")).FullName;
        ProcessStartInfo again = ThisProgram.Again("--victim", Victim.FillDisk, disk);
        // A disk of its own with room for one model and a half, where that is allowed; otherwise a limit of the size of files.
        string script = $"""
            cp '{folder}/model.safetensors' '{folder}/config.json' '{disk}'
            size=$(($(du -sk '{disk}' | cut -f1) * 3 / 2))
            if unshare -rm mount -t tmpfs none '{disk}' 2> /dev/null; then
                exec unshare -rm bash -c 'mount -t tmpfs -o size='$size'k none "$1" && cp "$0/model.safetensors" "$0/config.json" "$1" && shift && exec "$@"' '{folder}' '{disk}' "$0" "$@"
            fi
            trap '' XFSZ; ulimit -f 64; DOTNET_EnableWriteXorExecute=0 exec "$0" "$@"
            """;
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, ArgumentList = { "-c", script, again.FileName } };
        foreach (string argument in again.ArgumentList)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string message = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Console.WriteLine($"   a full disk: {message.Trim()}");
        if (process.ExitCode != Victim.AsItShould || !message.Contains(disk, StringComparison.Ordinal))
            throw new InvalidDataException($"Saving to a full disk exited with {process.ExitCode} and said '{message}'.");
    }

    private static void Unwritable() => Refused("/proc/restok-faults");

    private static void FileForFolder(string root)
    {
        string file = Path.Combine(root, "file");
        File.WriteAllText(file, "");
        Refused(file);
    }

    private static void Refused(string folder)
    {
        using ImageGenerator generator = TinyModels.CreateGenerator();
        try
        {
            generator.Save(folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException && fault.Message.Contains(folder, StringComparison.Ordinal))
        {
            return;
        }
        throw new InvalidDataException($"Saving to {folder} did not fail.");
    }
}
