using System.Security.Cryptography;
using System.Text;

namespace ResTok.Models.Checkpoints;

/// <summary>The checksums that are the hub's names for contents.</summary>
internal static class HubChecksum
{
    /// <summary>Computes the checksum of a whole stream.</summary>
    /// <param name="content">Read from its start.</param>
    /// <param name="expected">64 digits ask for SHA-256, 40 for the SHA-1 that git gives a file, which counts its kind and length too.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<string> ComputeAsync(Stream content, string expected, CancellationToken cancellation)
    {
        bool isGit = expected.Length == 40;
        using var hash = IncrementalHash.CreateHash(isGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (isGit)
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        content.Position = 0;
        byte[] buffer = new byte[1 << 20];
        for (int count = 1; count > 0;)
        {
            count = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            hash.AppendData(buffer, 0, count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
