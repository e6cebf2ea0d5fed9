using System.Text.Json.Nodes;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>What stands beside exported files, for people and programs that drive them.</summary>
internal static class OnnxDescription
{
    /// <summary>Under which a graph's metadata hold it too.</summary>
    public const string MetadataKey = "restok";

    public static JsonObject Of(TokenizerConfig config, OnnxExportOptions options) => new()
    {
        ["model"] = "ResTok tokenizer (arXiv 2601.03955)",
        ["precision"] = options.Precision.ToString(),
        ["image_size"] = config.CropSize,
        ["decoded_image_size"] = config.ImageSize,
        ["pixels"] = options.UInt8Pixels ? "RGB, uint8, [B, 3, S, S]" : "RGB, float32 in [0, 1], [B, 3, S, S]; decoded ones are not clamped",
        ["preprocessing"] = "shorter edge to S (bicubic, antialiased), centre crop; mean and deviation are inside the encoder",
        ["tokens"] = config.LatentTokens,
        ["default_token_count"] = config.TestTokens,
        ["codebook_size"] = config.CodebookSize,
        ["levels"] = Integers(new TokenLevels(config.LatentTokens).Sizes),
        ["config"] = config.ToJson(),
    };

    public static JsonObject Of(GeneratorConfig config, OnnxExportOptions options)
    {
        var layout = new SequenceLayout(config);
        InputIds ids = InputIds.Of(config);
        return new()
        {
            ["model"] = "ResTok generator (arXiv 2601.03955)",
            ["precision"] = options.Precision.ToString(),
            ["classes"] = config.Classes,
            ["tokens"] = config.Tokens,
            ["codebook_size"] = config.CodebookSize,
            ["levels"] = Integers(new TokenLevels(config.Tokens).Sizes),
            ["layers"] = config.Layers,
            ["key_value_heads"] = config.KeyValueHeads ?? config.Heads,
            ["head_size"] = config.Width / config.Heads,
            ["input_ids"] = new JsonObject
            {
                ["first_class"] = 0,
                ["null_class"] = ids.NullClass,
                ["first_token"] = ids.FirstToken,
                ["first_special"] = ids.FirstSpecial,
            },
            ["how_to"] = "Run the passes in order. A pass has an input for each of its positions: the class, a known token by its index, or a special token. "
                + "Give position_ids from the first position on and the cache that the last pass gave (of 0 positions at first). The logits at a position are those of the token of that index. "
                + "With guidance s, run two rows for each image, its class and the null class in the first position, and use unconditional + s * (conditional - unconditional).",
            ["passes"] = new JsonArray([.. layout.Passes.Select(pass => (JsonNode)new JsonObject
            {
                ["start"] = pass.Start,
                ["count"] = pass.Count,
                ["inputs"] = new JsonArray([.. layout.Inputs(pass.Start, pass.End).Select(run => (JsonNode)new JsonObject
                {
                    ["kind"] = run.Kind.ToString().ToLowerInvariant(),
                    ["first"] = run.First,
                    ["count"] = run.Count,
                })]),
            })]),
            ["config"] = config.ToJson(),
        };
    }

    private static JsonArray Integers(IEnumerable<int> values) => new([.. values.Select(value => (JsonNode)value)]);
}
