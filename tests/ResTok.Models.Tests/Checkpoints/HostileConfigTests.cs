using System.Text;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>Configurations that would take all memory, all time or the stack. Each was found by ResTok.FaultTests.</summary>
public class HostileConfigTests
{
    private static readonly byte[] NoWeights = [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'];

    public static TheoryData<string, string> Yaml => new()
    {
        { "a: " + new string('[', 200_000), "nested more than 32 deep" },
        { string.Concat(Enumerable.Repeat("- ", 20_000)), "nested more than 32 deep" },
        { "a0: &a0 [1,1]\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")), "more than 100000 values" },
        { "a: &a [*a, *a]", "refers to 'a'" },
        { "? [a, b]\n: 1", "a key is not a text" },
        { "a: 1\na: 2", "'a' is there twice" },
        { "model: {vq_model: {num_latent_tokens: 16, codebook_size: Infinity}}", "must be a number" },
        { "model: {vq_model: {num_latent_tokens: 16, codebook_size: .nan}}", "must be a number" },
    };

    [Theory]
    [MemberData(nameof(Yaml))]
    public void Hostile_yaml_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<CheckpointException>(() => TokenizerConfig.Read(ConfigTree.Read(new StringReader(text), "config.yaml", yaml: true))).Message, StringComparison.Ordinal);

    [Fact]
    public void Anchors_are_still_followed()
    {
        ConfigTree tree = ConfigTree.Read(new StringReader("a: &x {b: [1, 2]}\nc: *x\nd: *x"), "config.yaml", yaml: true);
        Assert.Equal("[1,2]", tree.Value("c.b")!.ToJsonString());
        Assert.Equal("[1,2]", tree.Value("d.b")!.ToJsonString());
    }

    [Theory]
    [InlineData("{\"model\":{\"vq_model\":{\"token_size\":8,\"token_size\":9}}}", "cannot be parsed")]
    [InlineData("{\"n_layer\":\"\\ud800\"}", "cannot be parsed")]
    [InlineData("{\"model\":{\"vq_model\":{\"num_latent_tokens\":16,\"codebook_size\":1e999}}}", "must be a number")]
    public void Hostile_json_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<CheckpointException>(() => TokenizerConfig.Load(new MemoryStream(Encoding.UTF8.GetBytes(text)))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_configuration_of_megabytes_is_refused() =>
        Assert.Contains("longer than", Assert.Throws<CheckpointException>(() => TokenizerConfig.Load(new MemoryStream(Enumerable.Repeat((byte)' ', 5 << 20).ToArray()))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_configuration_that_is_a_device_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return; // it has no such files
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["model.safetensors"], NoWeights);
        File.CreateSymbolicLink(folder["config.json"], "/dev/zero");
        Assert.Contains("longer than", Assert.Throws<CheckpointException>(() => TokenizerConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hierarchy_stages", "2147483647")]
    [InlineData("crop_size", "1048576")]
    [InlineData("token_size", "2147483647")]
    [InlineData("pixel_hidden_channels", "2147483616")]
    [InlineData("codebook_size", "2147483647")]
    public void A_tokenizer_of_any_size_is_not_begun(string key, string value) =>
        AssertSize(key, value, TinyModels.Tokenizer.ToJson(), (config, weights) => ImageTokenizer.Load(TokenizerConfig.Load(config), weights).Dispose());

    [Theory]
    [InlineData("n_layer", "2147483647")]
    [InlineData("dim", "1073741824")]
    [InlineData("multiple_of", "2147483647")]
    [InlineData("num_classes", "2147483647")]
    [InlineData("vocab_size", "2147483647")]
    [InlineData("spe_token_num", "2147483647")]
    public void A_generator_of_any_size_is_not_begun(string key, string value) =>
        AssertSize(key, value, TinyModels.Generator.ToJson(), (config, weights) => ImageGenerator.Load(GeneratorConfig.Load(config), weights).Dispose());

    [Fact]
    public void What_only_building_finds_wrong_is_a_fault_of_the_checkpoint()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], (TinyModels.Tokenizer with { ReductionRatio = 0.25 }).ToJson().ToString());
        File.WriteAllBytes(folder["model.safetensors"], NoWeights);
        string message = Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message;
        Assert.Contains("cannot merge a grid", message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
    }

    private static void AssertSize(string key, string value, JsonObject config, Action<Stream, Stream> load)
    {
        string valid = config.ToString();
        string text = System.Text.RegularExpressions.Regex.Replace(valid, $"\"{key}\": \\d+", $"\"{key}\": {value}");
        Assert.NotEqual(valid, text);
        string message = Assert.Throws<CheckpointException>(() => load(new MemoryStream(Encoding.UTF8.GetBytes(text)), new MemoryStream(NoWeights))).Message;
        Assert.Contains($"{key}' is {value}", message, StringComparison.Ordinal);
    }
}
