using System.Text;

namespace ResTok.Models.Checkpoints;

/// <summary>Texts that are small unless somebody means harm: a file may be a link to a device that never ends.</summary>
internal static class SmallText
{
    /// <param name="reader">Read to its end, or to one character more than allowed.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <param name="most">Characters allowed.</param>
    /// <exception cref="CheckpointException">It is longer.</exception>
    public static string Read(TextReader reader, string source, int most)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        for (int count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
        {
            text.Append(buffer, 0, count);
            if (text.Length > most)
                throw new CheckpointException($"{source} is longer than {most} characters, so it is not what it should be. Download it again.");
        }
        return text.ToString();
    }
}
