using System.Globalization;
using System.Text;
using ResTok.Models;

namespace ResTok.MLNet.Interactive;

/// <summary>
/// Tokens to look at: a strip with one cell a token, coarsest first. The level gives a cell's hue and the token its brightness, so that
/// two images can be compared cell by cell; pointing at a cell tells its token.
/// </summary>
public sealed class TokenStrip
{
    private readonly int[] tokens;
    private readonly TokenLevels levels;

    /// <summary>Makes a strip.</summary>
    /// <param name="tokens">All tokens of an image, or the leading ones.</param>
    /// <param name="levels">The levels of the sequence they are from.</param>
    /// <exception cref="ArgumentException">There are more tokens than the levels hold.</exception>
    public TokenStrip(IEnumerable<int> tokens, TokenLevels levels)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(levels);
        this.tokens = [.. tokens];
        this.levels = levels;
        if (this.tokens.Length > levels.TokenCount)
            throw new ArgumentException($"There are {this.tokens.Length} tokens, but the levels hold {levels.TokenCount}. Give the levels of the model that made them.", nameof(tokens));
    }

    /// <summary>Gives the strip as HTML.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<span role=\"img\" aria-label=\"{tokens.Length} tokens\" style=\"display:flex;flex-wrap:wrap\">");
        for (int i = 0; i < tokens.Length; i++)
        {
            int level = levels.LevelOf(i), place = i - levels.Offsets[level];
            string gap = place == 0 && level > 0 ? ";margin-left:4px" : "";
            html.Append(CultureInfo.InvariantCulture,
                $"<i title=\"level {level}, {place + 1} of {levels.Sizes[level]}: {tokens[i]}\" style=\"width:8px;height:20px;background:{Colour(level, tokens[i])}{gap}\"></i>");
        }
        return html.Append("</span>").ToString();
    }

    // Steps of the golden ratio spread neighbouring tokens over the whole range, however large the codebook is.
    private static string Colour(int level, int token)
    {
        double spread = token * 0.6180339887498949;
        return string.Create(CultureInfo.InvariantCulture, $"hsl({(210 + 40 * level) % 360},65%,{30 + 45 * (spread - Math.Floor(spread)):0}%)");
    }
}
