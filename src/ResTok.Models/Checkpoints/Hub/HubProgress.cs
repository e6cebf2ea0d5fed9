namespace ResTok.Models.Checkpoints;

/// <summary>How far the download of one file is.</summary>
/// <param name="File">The file's name in the repository.</param>
/// <param name="BytesDone">What is on disk, an earlier run's part included; 0 to <paramref name="BytesTotal"/>.</param>
/// <param name="BytesTotal">The file's size.</param>
public readonly record struct HubProgress(string File, long BytesDone, long BytesTotal);
