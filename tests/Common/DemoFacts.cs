using System.Text.Json;

namespace ResTok.Tests;

/// <summary>The demo model's shape, out of its configuration in the repository: tests that only run programs know no more of it.</summary>
internal static class DemoFacts
{
    private static readonly JsonElement Tokenizer = Read("tokenizer"), Generator = Read("generator");

    private static readonly JsonElement Network = Tokenizer.GetProperty("model").GetProperty("vq_model");

    /// <summary>N, the tokens of an image.</summary>
    public static int Tokens { get; } = Network.GetProperty("num_latent_tokens").GetInt32();

    /// <summary>Of levels of 1, 1, 2, 4, … tokens.</summary>
    public static int Levels { get; } = 1 + int.Log2(Tokens);

    /// <summary>S, in pixels.</summary>
    public static int Side { get; } = Tokenizer.GetProperty("dataset").GetProperty("preprocessing").GetProperty("crop_size").GetInt32();

    public static int Classes { get; } = Generator.GetProperty("num_classes").GetInt32();

    private static JsonElement Read(string model) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(Repository.Root, "src", "ResTok.MLNet.DemoModel", model, "config.json")));
}
