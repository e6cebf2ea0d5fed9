using System.Text.Json.Nodes;
using TorchSharp;
using YamlDotNet.Serialization;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>The files that the reference's own scripts read: <c>pytorch_model.bin</c> and a YAML configuration.</summary>
internal static class ReferenceLayout
{
    private const string Weights = "pytorch_model.bin";

    /// <summary>Writes a model, each file whole or not at all.</summary>
    /// <param name="folder">Made where it is missing; its name, as given, is in the configuration.</param>
    /// <param name="config">The hub's layout of the configuration.</param>
    /// <param name="tensors">The state dict.</param>
    /// <exception cref="ArgumentException">The reference's configuration cannot say this one.</exception>
    public static void Write(string folder, JsonObject config, IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors)
    {
        bool isTokenizer = config["model"] is not null;
        JsonObject tree = isTokenizer ? OfTokenizer(config) : OfGenerator(config);
        tree["experiment"] = new JsonObject { [isTokenizer ? "tokenizer_checkpoint" : "generator_checkpoint"] = Path.Combine(folder, Weights) };
        string yaml = new SerializerBuilder().WithQuotingNecessaryStrings().Build().Serialize(Plain(tree)!);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(
            (Path.Combine(folder, Weights), stream => PyTorchWriter.Write(stream, tensors)),
            (Path.Combine(folder, "config.yaml"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(yaml))));
    }

    /// <summary>With what only training would change as <c>configs/infer</c> has it.</summary>
    private static JsonObject OfTokenizer(JsonObject config)
    {
        JsonObject tree = config.DeepClone().AsObject(), model = tree["model"]!["vq_model"]!.AsObject();
        model["encoder_feature_supervision"] = false;
        model["decoder_feature_supervision"] = false;
        model["learnable_dec_feat_tokens"] = true;
        return tree;
    }

    /// <summary>The section <c>model.generator</c>, which names a size and not its parts.</summary>
    private static JsonObject OfGenerator(JsonObject config)
    {
        GeneratorConfig given = Read(config);
        if (given.SizeName is not { } size)
            throw new ArgumentException("The reference's configuration names a generator by its size (GPT-B, GPT-L, …), and this one has none of them. Save it in the Hugging Face layout.", nameof(config));
        var section = new JsonObject
        {
            ["model_type"] = size,
            ["randomize_temperature"] = 1.0,
            ["guidance_scale"] = 2.0,
            ["num_steps"] = given.Tokens,
            ["gpt_type"] = "c2i",
            ["dropout_p"] = given.ResidualDropout,
            ["rope"] = true,
            ["har"] = given.Hierarchical,
        };
        foreach (string key in new[] { "vocab_size", "block_size", "num_classes", "cls_token_num", "token_dropout_p", "drop_path_rate", "ar_token_num", "spe_token_num" })
        {
            if (config[key] is { } value)
                section[key] = value.DeepClone();
        }
        var tree = new JsonObject { ["model"] = new JsonObject { ["generator"] = section } };
        GeneratorConfig read = Read(tree);
        return read == given ? tree : throw new ArgumentException(
            $"The reference's configuration cannot say all of this generator's: it would be read as {read}, but is {given}. Save it in the Hugging Face layout.", nameof(config));
    }

    private static GeneratorConfig Read(JsonObject config)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(config.ToJsonString()));
        return GeneratorConfig.Load(stream);
    }

    /// <summary>The tree as YAML's writer takes it.</summary>
    private static object? Plain(JsonNode? node) => node switch
    {
        JsonObject section => section.ToDictionary(item => item.Key, item => Plain(item.Value)),
        JsonArray list => list.Select(Plain).ToList(),
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        JsonValue value when value.TryGetValue(out long integer) => integer,
        JsonValue value when value.TryGetValue(out double number) => number,
        JsonValue value when value.TryGetValue(out int integer) => integer, // one that was never text
        JsonValue value => value.ToString(),
        _ => null,
    };
}
