using System.Security.Cryptography;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>Weights that a saved pipeline refers to and does not hold: a path and the SHA-256 of the weights.</summary>
internal static class ModelReference
{
    /// <summary>SHA-256 over the weight files of a model, in hexadecimal.</summary>
    public static string Hash(string path) => Hash(Checkpoint.FilesOf(path));

    /// <summary>SHA-256 over files, in hexadecimal.</summary>
    public static string Hash(IEnumerable<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string file in files)
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
    /// <param name="path">Where they were.</param>
    /// <param name="hash">What they were.</param>
    /// <param name="filesOf">Which files of a path hold them.</param>
    /// <exception cref="InvalidDataException">They are not there, or they are others.</exception>
    public static string Resolve(string path, string hash, Func<string, IEnumerable<string>> filesOf)
    {
        string now = ResTokLoadOptions.ReferenceResolver?.Invoke(path) ?? path;
        if (!File.Exists(now) && !Directory.Exists(now))
            throw new InvalidDataException($"The saved pipeline refers to the model {now}, which is not there. Put it there, or set ResTokLoadOptions.ReferenceResolver to say where it is.");
        string found = Hash(filesOf(now));
        return found == hash ? now : throw new InvalidDataException(
            $"The model {now} is not the one that the saved pipeline refers to: SHA-256 {found}, not {hash}. Put that model there, or set ResTokLoadOptions.ReferenceResolver to say where it is.");
    }
}
