using System.Text.RegularExpressions;
using System.Xml.Linq;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>docs/configuration.md, which is written from the attributes; RESTOK_UPDATE_DOCS=1 writes it anew.</summary>
public partial class ConfigurationDocument
{
    [Fact]
    public void Is_what_the_keys_say()
    {
        string path = Path.Combine(Repository.Root, "docs", "configuration.md");
        string expected = $"""
            # Configuration keys

            Of `config.json` and `config.yaml`, written from the attributes in `src/ResTok.Models`; what stands under "absent" is what a new
            configuration has.

            ## Tokenizer: section `model.vq_model`, or the one given

            {Table(new TokenizerConfig())}

            ## Generator: the flat record of the hub

            {Table(new GeneratorConfig())}

            """;
        if (Environment.GetEnvironmentVariable("RESTOK_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Table<TConfig>(TConfig defaults)
        where TConfig : class
    {
        XElement members = XDocument.Load(Path.ChangeExtension(typeof(TConfig).Assembly.Location, "xml")).Root!.Element("members")!;
        var lines = new List<string> { "| key | property | allowed | absent | what it is |", "| --- | --- | --- | --- | --- |" };
        foreach ((System.Reflection.PropertyInfo property, ConfigKeyAttribute key) in ConfigKeys<TConfig>.All)
        {
            string absent = key.Required ? "an error" : ConfigValues.ToJson(property.GetValue(defaults))?.ToJsonString().Trim('"') ?? "none";
            XElement summary = members.Elements("member").Single(member => (string?)member.Attribute("name") == $"P:{typeof(TConfig).FullName}.{property.Name}").Element("summary")!;
            lines.Add($"| `{key.FullName}` | `{property.Name}` | {(key.Range is null ? "" : key.Allowed())} | {absent} | {Text(summary)} |");
        }
        return string.Join('\n', lines);
    }

    /// <summary>A summary in one line, without the sentence that names the key.</summary>
    private static string Text(XElement summary)
    {
        string text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
            XElement element => $"`{element.Value}`",
            _ => node.ToString(),
        }));
        return KeySentence().Replace(Spaces().Replace(text, " ").Trim(), "");
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@" Key `[\w.]+`\.$")]
    private static partial Regex KeySentence();
}
