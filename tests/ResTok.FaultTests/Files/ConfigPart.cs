using System.Text;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.FaultTests.Files;

/// <summary>Configurations of both models, as JSON and YAML. A valid one is followed to the model, built for a file without weights.</summary>
internal static class ConfigPart
{
    private static readonly byte[] NoWeights = [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'];

    public static PartFigures Run(PartSettings settings)
    {
        using var fuzzing = new Fuzzing(settings, fault => fault is CheckpointException);
        string json = Path.Combine(fuzzing.Folder, "config.json"), yaml = Path.Combine(fuzzing.Folder, "config.yaml"), weights = Path.Combine(fuzzing.Folder, "model.safetensors");
        File.WriteAllBytes(weights, NoWeights);
        string[] valid = [Tokenizer(), Generator(), NestedGenerator];
        fuzzing.TryAll(valid.Select((text, i) => ($"valid configuration {i}", (Action)(() => ReadJson(json, Encoding.UTF8.GetBytes(text))))));
        fuzzing.TryAll(JsonAttacks().Select(attack => (attack.Name, (Action)(() => ReadJson(json, Encoding.UTF8.GetBytes(attack.Text))))));
        fuzzing.TryAll(ValueAttacks().Select(attack => (attack.Name, (Action)(() => Build(attack.Text)))));
        fuzzing.TryAll([("config.json as a link to /dev/zero", () =>
        {
            File.Delete(json);
            File.CreateSymbolicLink(json, "/dev/zero");
            try
            {
                TokenizerConfig.Load(weights);
            }
            finally
            {
                File.Delete(json);
            }
        })]);
        fuzzing.TryAll(YamlAttacks().Select(attack => (attack.Name, (Action)(() => ReadYaml(yaml, Encoding.UTF8.GetBytes(attack.Text))))));
        fuzzing.TryMany(60_000, random =>
        {
            string text = valid[random.Next(valid.Length)];
            switch (random.Next(4))
            {
                case 0:
                    string numbers = Mutator.ChangeNumbers(text, random);
                    return () => Build(numbers);
                case 1: // JSON is YAML
                    byte[] changed = Mutator.Change(Encoding.UTF8.GetBytes(random.Next(2) == 0 ? text : Yaml), random);
                    return () => ReadYaml(yaml, changed);
                default:
                    byte[] bytes = Mutator.Change(Encoding.UTF8.GetBytes(text), random);
                    return () => ReadJson(json, bytes);
            }
        });
        return fuzzing.Finish();
    }

    private static void ReadJson(string file, byte[] bytes)
    {
        string folder = Path.GetDirectoryName(file)!;
        File.Delete(Path.Combine(folder, "config.yaml"));
        File.WriteAllBytes(file, bytes);
        ReadBoth(folder);
    }

    private static void ReadYaml(string file, byte[] bytes)
    {
        string folder = Path.GetDirectoryName(file)!;
        File.Delete(Path.Combine(folder, "config.json"));
        File.WriteAllBytes(file, bytes);
        ReadBoth(folder);
    }

    private static void ReadBoth(string folder)
    {
        try
        {
            TokenizerConfig.Load(folder);
        }
        catch (CheckpointException)
        {
            GeneratorConfig.Load(folder);
        }
    }

    /// <summary>As far as a model can be built: the refusal must come from its missing weights.</summary>
    private static void Build(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (text.Contains("\"vq_model\"", StringComparison.Ordinal))
            ImageTokenizer.Load(TokenizerConfig.Load(new MemoryStream(bytes)), new MemoryStream(NoWeights)).Dispose();
        else
            ImageGenerator.Load(GeneratorConfig.Load(new MemoryStream(bytes)), new MemoryStream(NoWeights)).Dispose();
    }

    private static string Tokenizer() => TinyModels.Tokenizer.ToJson().ToString();

    private static string Generator() => TinyModels.Generator.ToJson().ToString();

    private const string NestedGenerator = """
        {"model": {"generator": {"model_type": "GPT-B", "vocab_size": 512, "block_size": "${model.n}", "num_classes": 10, "har": true,
        "ar_token_num": 4, "spe_token_num": 127, "token_dropout_p": 0.1, "drop_path_rate": 0.0, "cls_token_num": 1, "gpt_type": "c2i"}, "n": 128}}
        """;

    private const string Yaml = """
        model:
          vq_model: &vq
            codebook_size: 512
            token_size: 8
            vit_enc_model_size: tiny
            vit_dec_model_size: "tiny"
            num_latent_tokens: 128
            test_num_latent_tokens: ${model.vq_model.num_latent_tokens}
            use_l2_norm: true
            rope_base_len: 1.0e4
          again: [1, 2.5, ~, 'a', {b: c}]
          copy: *vq
        """;

    private static IEnumerable<(string Name, string Text)> JsonAttacks()
    {
        yield return ("nothing", "");
        yield return ("a list", "[]");
        yield return ("null", "null");
        yield return ("deep nesting", "{\"model\":" + new string('[', 1_000_000));
        yield return ("deep nesting of sections", string.Concat(Enumerable.Repeat("{\"model\":", 100_000)));
        yield return ("duplicate keys", "{\"model\":{\"vq_model\":{\"token_size\":8,\"token_size\":9}},\"model\":1}");
        yield return ("duplicate keys inside", "{\"model\":{\"vq_model\":{\"token_size\":8,\"token_size\":9}}}");
        yield return ("a reference to itself", "{\"model\":{\"vq_model\":{\"codebook_size\":\"${model.vq_model.codebook_size}\"}}}");
        yield return ("a section that is a text", "{\"model\":\"vq_model\",\"n_layer\":\"${model}\"}");
        yield return ("a number of a million digits", "{\"n_layer\":" + new string('9', 1_000_000) + "}");
        yield return ("an invalid surrogate", "{\"n_layer\":\"\\ud800\"}");
        yield return ("20 MB of spaces", new string(' ', 20_000_000));
    }

    /// <summary>Sizes that would make a model of any size, were they believed.</summary>
    private static IEnumerable<(string Name, string Text)> ValueAttacks()
    {
        foreach (string text in new[] { Tokenizer(), Generator() })
        {
            foreach (string line in text.Split('\n').Where(line => line.Contains(": ", StringComparison.Ordinal) && char.IsAsciiDigit(line.TrimEnd(',', '\r')[^1])))
            {
                string key = line[..line.IndexOf(':', StringComparison.Ordinal)];
                foreach (string value in new[] { "0", "-1", "-2147483647", "2147483647", "1073741824", "16777216", "100000", "4096", "1e300", "1e-300", "0.9999999" })
                    yield return ($"{key.Trim()}: {value}", text.Replace(line.TrimEnd(',', '\r'), $"{key}: {value}", StringComparison.Ordinal));
            }
        }
    }

    private static IEnumerable<(string Name, string Text)> YamlAttacks()
    {
        yield return ("the valid YAML", Yaml);
        yield return ("deep YAML lists", "a: " + new string('[', 200_000));
        yield return ("deep YAML mappings", "a: " + string.Concat(Enumerable.Repeat("{a: ", 100_000)));
        yield return ("deep YAML sequences", string.Concat(Enumerable.Repeat("- ", 100_000)) + "a");
        yield return ("a YAML bomb of anchors", "a0: &a0 [1,1]\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")));
        yield return ("a YAML bomb in a key", "a0: &a0 [1,1]\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")) + "? *a30\n: 1\n");
        yield return ("an anchor in itself", "a: &a [*a, *a]\n");
        yield return ("an anchor that is not there", "a: *b\n");
        yield return ("infinite and no numbers", Yaml.Replace("512", "Infinity", StringComparison.Ordinal));
        yield return ("no number", Yaml.Replace("512", "NaN", StringComparison.Ordinal));
        yield return ("a YAML type", "!!python/object/apply:os.system [id]\n");
        yield return ("a YAML type of .NET", "a: !System.Diagnostics.Process {FileName: id}\n");
        yield return ("duplicate YAML keys", "model: 1\nmodel: 2\n");
        yield return ("keys that are lists", "? [a, b]\n: 1\n? {c: d}\n: 2\n");
        yield return ("two documents", "---\na: 1\n---\n" + Yaml);
        yield return ("a tab", "a:\n\tb: 1\n");
        yield return ("300,000 keys", string.Concat(Enumerable.Range(0, 300_000).Select(i => $"k{i}: {i}\n")));
    }
}
