using System.Diagnostics;
using System.Globalization;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Runtime;

namespace ResTok.FaultTests.Running;

/// <summary>Kills processes that write, and lets the disk be full: what was there before is intact, or the new is complete.</summary>
internal static class FaultsPart
{
    private const int Kills = 50; // of each kind

    public static PartFigures Run(PartSettings settings)
    {
        TorchRuntime.EnsureLoaded();
        var figures = new PartFigures();
        string root = Directory.CreateTempSubdirectory("restok-faults-").FullName;
        long start = Stopwatch.GetTimestamp();
        var random = new Random(settings.Seed);
        string saved = Path.Combine(root, "saved"), run = Path.Combine(root, "run");
        for (int i = 0; i < 3 || !settings.IsOver(i, Kills, Stopwatch.GetElapsedTime(start)); i++)
        {
            Judge($"kill {i} while saving", figures, () => KillSaving(saved, random));
            Judge($"kill {i} while training", figures, () => KillTraining(run, random));
        }
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

    private static void KillSaving(string folder, Random random)
    {
        Kill(Victim.Save, folder, random);
        ImageGenerator.Load(folder).Dispose();
    }

    private static void KillTraining(string folder, Random random)
    {
        long reported = Kill(Victim.Train, folder, random); // the step before it was saved
        string newest = Directory.GetDirectories(folder, "checkpoint-*").Where(name => !name.EndsWith(".tmp", StringComparison.Ordinal)).MaxBy(StepOf)
            ?? throw new InvalidDataException("No checkpoint is left.");
        if (StepOf(newest) < reported - 1)
            throw new InvalidDataException($"Step {reported} was reached, but the newest checkpoint is {newest}.");
        ImageGenerator.Load(newest).Dispose();
        using Checkpoint training = Checkpoint.Open(Path.Combine(newest, "training.safetensors"));
        System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(newest, "state.json"))).Dispose();
    }

    private static long StepOf(string folder) => long.Parse(Path.GetFileName(folder)["checkpoint-".Length..], CultureInfo.InvariantCulture);

    /// <summary>Kills a victim up to a third of a second after its second sign of life.</summary>
    /// <returns>The last number it gave.</returns>
    private static long Kill(string what, string folder, Random random)
    {
        using Process victim = Process.Start(Parts.Again("--victim", what, folder))!;
        long last = 0;
        for (int i = 0; i < 2; i++)
            last = Parse(victim.StandardOutput.ReadLine() ?? throw new InvalidDataException($"The victim '{what}' could not go on from what was left."));
        Thread.Sleep(random.Next(330));
        victim.Kill();
        victim.WaitForExit();
        foreach (string line in victim.StandardOutput.ReadToEnd().Split('\n').SkipLast(1))
            last = Parse(line);
        return last;

        static long Parse(string line) => long.Parse(line, CultureInfo.InvariantCulture);
    }

    private static void FullDisk(string folder, string root)
    {
        if (!OperatingSystem.IsLinux())
            return;
        string disk = Directory.CreateDirectory(Path.Combine(root, "disk")).FullName;
        ProcessStartInfo again = Parts.Again("--victim", Victim.FillDisk, disk);
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
