using System.Reflection;
using System.Xml.Linq;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>A key is said once, as an attribute; these tests hold everything else to it.</summary>
public class ConfigKeysTests
{
    [Theory]
    [InlineData("[1, 64]", "from 1 to 64", "1 64", "0 65 0.5")]
    [InlineData("[0, ∞)", "0 or more", "0 1e9", "-0.001 NaN Infinity")]
    [InlineData("[1, ∞)", "at least 1", "1 1e9", "0")]
    [InlineData("(0, ∞)", "more than 0", "1e-9", "0 -1")]
    [InlineData("[0, 1)", "at least 0 and less than 1", "0 0.999", "1 -0.1")]
    [InlineData("(0, 64]", "more than 0 and at most 64", "0.1 64", "0 64.1")]
    public void A_range_allows_what_it_says(string range, string words, string inside, string outside)
    {
        var key = new ConfigKeyAttribute("k", range);
        Assert.Equal(words, key.Allowed());
        Assert.All(Numbers(inside), value => Assert.True(key.Allows(value), $"{value}"));
        Assert.All(Numbers(outside), value => Assert.False(key.Allows(value), $"{value}"));

        static IEnumerable<double> Numbers(string text) => text.Split(' ').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Every_default_is_allowed()
    {
        new TokenizerConfig().Validate();
        new GeneratorConfig().Validate();
    }

    [Fact]
    public void What_is_not_given_follows_from_the_rest()
    {
        TokenizerConfig tokenizer = new() { LatentTokens = 2 }, spelled = new() { LatentTokens = 2, MinTokens = 2, TestTokens = 2 };
        Assert.Equal((2, 2), (tokenizer.MinTokens, tokenizer.TestTokens));
        Assert.Equal(spelled, tokenizer);
        Assert.Equal(spelled.GetHashCode(), tokenizer.GetHashCode());
        Assert.NotEqual(spelled, tokenizer with { TestTokens = 1 });
        Assert.Equal(63, new GeneratorConfig { Tokens = 64 }.SpecialTokens);
        Assert.Equal(new GeneratorConfig { Tokens = 64, SpecialTokens = 63 }, new GeneratorConfig { Tokens = 64 });
    }

    [Fact]
    public void Every_property_that_can_be_set_is_a_key_and_its_documentation_names_it()
    {
        XElement members = XDocument.Load(Path.ChangeExtension(typeof(TokenizerConfig).Assembly.Location, "xml")).Root!.Element("members")!;
        Check(ConfigKeys<TokenizerConfig>.All);
        Check(ConfigKeys<GeneratorConfig>.All);

        void Check(IReadOnlyList<(PropertyInfo Property, ConfigKeyAttribute Key)> keys)
        {
            Type type = keys[0].Property.DeclaringType!;
            Assert.Equal(type.GetProperties().Where(property => property.CanWrite).Select(property => property.Name).Order(), keys.Select(entry => entry.Property.Name).Order());
            Assert.Equal(keys.Count, keys.Select(entry => entry.Key.FullName).Distinct().Count());
            foreach ((PropertyInfo property, ConfigKeyAttribute key) in keys)
            {
                string summary = members.Elements("member").Single(member => (string?)member.Attribute("name") == $"P:{type.FullName}.{property.Name}").Element("summary")!.ToString();
                Assert.Contains($"<c>{key.FullName}</c>", summary);
            }
        }
    }
}
