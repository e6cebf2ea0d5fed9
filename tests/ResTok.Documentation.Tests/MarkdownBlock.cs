using System.Text.RegularExpressions;

namespace ResTok.Documentation.Tests;

/// <summary>A fenced block of a Markdown file.</summary>
/// <param name="Heading">The heading it is under, without #.</param>
/// <param name="Language">As the fence names it, such as <c>csharp</c>.</param>
/// <param name="Line">The file's line of the fence, from 1.</param>
/// <param name="Text">What is between the fences.</param>
internal sealed partial record MarkdownBlock(string Heading, string Language, int Line, string Text)
{
    public static IReadOnlyList<MarkdownBlock> ReadAll(string path)
    {
        string text = File.ReadAllText(path).ReplaceLineEndings("\n");
        string heading = "";
        var blocks = new List<MarkdownBlock>();
        foreach (Match match in HeadingOrBlock().Matches(text))
        {
            if (match.Groups["heading"].Success)
                heading = match.Groups["heading"].Value;
            else
                blocks.Add(new(heading, match.Groups["language"].Value, text.AsSpan(0, match.Index).Count('\n') + 1, match.Groups["text"].Value));
        }
        return blocks;
    }

    // A block first, because its lines may begin with # too.
    [GeneratedRegex(@"^```(?<language>\w*)\n(?<text>.*?)^```$|^#+ (?<heading>[^\n]+)$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex HeadingOrBlock();
}
