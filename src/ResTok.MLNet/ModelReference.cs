using System.Security.Cryptography;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>Weights that a saved pipeline refers to and does not hold: a path and the SHA-256 of the weights.</summary>
internal static class ModelReference
{
    /// <summary>SHA-256 over the weight files, in hexadecimal.</summary>
    public static string Hash(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string file in Checkpoint.FilesOf(path))
        {
            using FileStream stream = File.OpenRead(file);
            // No more than its length: a saved path may lead to a device that never ends.
            for (long left = stream.Length; left > 0;)
            {
                int count = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                if (count == 0)
                    break;
                hash.AppendData(buffer, 0, count);
                left -= count;
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Finds the weights where they are now.</summary>
    /// <exception cref="InvalidDataException">They are not there, or they are others.</exception>
    public static string Resolve(string path, string hash)
    {
        string now = ResTokLoadOptions.ReferenceResolver?.Invoke(path) ?? path;
        if (!File.Exists(now) && !Directory.Exists(now))
            throw new InvalidDataException($"The saved pipeline refers to the model {now}, which is not there. Put it there, or set ResTokLoadOptions.ReferenceResolver to say where it is.");
        string found = Hash(now);
        return found == hash ? now : throw new InvalidDataException(
            $"The model {now} is not the one that the saved pipeline refers to: SHA-256 {found}, not {hash}. Put that model there, or set ResTokLoadOptions.ReferenceResolver to say where it is.");
    }
}
