using Microsoft.ML;

/// <summary>The weights that a trainer of Microsoft.ML.TorchSharp starts from: it downloads them once, without a word.</summary>
internal static class TrainerDownload
{
    /// <summary>Says where the weights are, or that they come now and how long they are.</summary>
    /// <param name="ml">Its <c>TempFilePath</c> is where the trainer looks.</param>
    /// <param name="file">As the trainer names it.</param>
    /// <param name="megabytes">How long it is.</param>
    public static void Announce(MLContext ml, string file, int megabytes)
    {
        string path = Path.Combine(ml.TempFilePath, "mlnet", file);
        Console.WriteLine(File.Exists(path) ? $"Starting from {path}." : $"Downloading {megabytes} MB of weights, once, to {path}.");
    }
}
