using ResTok.MLNet;
using ResTok.Models.Checkpoints;

/// <summary>Opens the models that a command line names.</summary>
internal static class Models
{
    /// <summary>What the options that name models take.</summary>
    public const string Names = "Folder, file, or id on the Hugging Face hub (owner/name); the demo model if none.";

    public static Task<ResTokTokenizer> TokenizerAsync(string? name, CancellationToken cancellation) =>
        name is null ? Task.FromResult(ResTokTokenizer.Demo())
        : IsOnHub(name) ? ResTokTokenizer.FromHubAsync(name, progress: new DownloadProgress(), cancellationToken: cancellation)
        : Task.FromResult(ResTokTokenizer.Load(name));

    public static Task<ResTokGenerator> GeneratorAsync(string? name, CancellationToken cancellation) =>
        name is null ? Task.FromResult(ResTokGenerator.Demo())
        : IsOnHub(name) ? ResTokGenerator.FromHubAsync(name, progress: new DownloadProgress(), cancellationToken: cancellation)
        : Task.FromResult(ResTokGenerator.Load(name));

    private static bool IsOnHub(string name) => !File.Exists(name) && !Directory.Exists(name) && HuggingFaceHub.IsRepositoryId(name);

    private sealed class DownloadProgress : IProgress<HubProgress>
    {
        public void Report(HubProgress value) =>
            Console.Write($"\r{value.File}: {value.BytesDone >> 20} of {value.BytesTotal >> 20} MiB{(value.BytesDone == value.BytesTotal ? "\n" : "")}");
    }
}
