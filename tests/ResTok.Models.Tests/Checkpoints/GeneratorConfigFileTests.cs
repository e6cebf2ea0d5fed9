using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

public class GeneratorConfigFileTests
{
    private const string OfficialYaml = """
        model:
            vq_model:
                codebook_size: 8192
                num_latent_tokens: 128
                num_min_tokens: 4
                test_num_latent_tokens: 128
            generator:
                model_type: "GPT-L"
                randomize_temperature: 1.0
                guidance_scale: 2.0
                num_steps: ${model.vq_model.test_num_latent_tokens}
                ar_token_num: ${model.vq_model.num_min_tokens}
                spe_token_num: 127
                vocab_size: ${model.vq_model.codebook_size}
                block_size: ${model.vq_model.num_latent_tokens}
                num_classes: 1000
                cls_token_num: 1
                gpt_type: "c2i"
                dropout_p: 0.1
                token_dropout_p: 0.1
                drop_path_rate: 0.0
                rope: True
                har: True
        """;

    [Fact]
    public void The_official_yaml_is_read() => Assert.Equal(new GeneratorConfig(), Read(OfficialYaml));

    [Fact]
    public void The_flat_record_of_the_hub_is_read()
    {
        GeneratorConfig config = GeneratorConfig.Load(TestData.TinyGenerator);
        Assert.Equal(new GeneratorConfig { Width = 64, Layers = 3, Heads = 4, Classes = 10, CodebookSize = 512 }, config);
    }

    [Theory]
    [InlineData("GPT-B", 12, 768)]
    [InlineData("GPT-XL", 36, 1280)]
    [InlineData("GPT-XXL", 48, 1536)]
    [InlineData("GPT-XXXL", 48, 2560)]
    [InlineData("GPT-1B", 22, 2048)]
    [InlineData("GPT-3B", 24, 3200)]
    [InlineData("GPT-7B", 32, 4096)]
    public void Every_official_size_is_known(string name, int layers, int width)
    {
        GeneratorConfig config = Read(OfficialYaml.Replace("GPT-L", name, StringComparison.Ordinal));
        Assert.Equal((layers, width), (config.Layers, config.Width));
    }

    [Fact]
    public void Har_is_off_where_a_nested_file_does_not_ask_for_it_or_a_flat_one_lacks_its_keys()
    {
        Assert.False(Read(OfficialYaml.Replace("har: True", "", StringComparison.Ordinal)).Hierarchical);
        Assert.False(Read("dim: 64\nn_layer: 2\nn_head: 4\nvocab_size: 512\nblock_size: 64\nvq_dim: 16").Hierarchical);
    }

    [Fact]
    public void What_is_written_reads_back_equal()
    {
        foreach (GeneratorConfig config in new[]
        {
            new GeneratorConfig { KeyValueHeads = 4, FfnMultiplier = 1.3, ClassDropout = 0, AutoregressiveTokens = 8, DropPathRate = 0.2 },
            new GeneratorConfig { Hierarchical = false, Tokens = 64 },
            new GeneratorConfig { ClassNames = ["tench, Tinca tinca", "goldfish", "Δ \"quoted\""] },
        })
        {
            Assert.Equal(config, Read(config.ToJson().ToString()));
        }
    }

    [Fact]
    public void Class_names_are_read_from_id2label_or_a_file_beside_the_configuration()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(TestData.TinyGenerator, "config.json"), folder["config.json"]);
        File.Copy(Path.Combine(TestData.TinyGenerator, "model.safetensors"), folder["model.safetensors"]);
        Assert.Null(GeneratorConfig.Load(folder.Path).ClassNames);
        File.WriteAllText(folder["classes.txt"], "cat\r\ndog, hound\r\n");
        ClassNames names = GeneratorConfig.Load(folder.Path).ClassNames!;
        Assert.Equal(["cat", "dog, hound"], names);
        Assert.True(names.TryFind("Hound", out int label));
        Assert.Equal(1, label);
        Assert.False(names.TryFind("bird", out _));
        using (ImageGenerator generator = ImageGenerator.Load(folder.Path))
        {
            Assert.Equal(names, generator.Config.ClassNames);
            generator.Save(folder["saved"]);
            Assert.Equal(generator.Config, GeneratorConfig.Load(folder["saved"]));
        }

        string config = File.ReadAllText(folder["config.json"]);
        string With(string id2label) => config[..config.LastIndexOf('}')] + $", \"id2label\": {id2label}}}";
        File.WriteAllText(folder["config.json"], With("{\"1\": \"b\", \"0\": \"a\"}"));
        Assert.Equal(["a", "b"], GeneratorConfig.Load(folder.Path).ClassNames!); // before the file
        foreach (string bad in new[] { "{\"0\": \"a\", \"2\": \"b\"}", "{\"0\": 5}", "{\"0\": \" \"}" })
        {
            File.WriteAllText(folder["config.json"], With(bad));
            Assert.Contains("key 'id2label'", Assert.Throws<CheckpointException>(() => GeneratorConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
        }
        Assert.Contains("'id2label'", Assert.Throws<ArgumentException>(() => new GeneratorConfig { Classes = 1, ClassNames = ["a", "b"] }.Validate()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GPT-L", "GPT-Z", "'model.generator.model_type' must be one of GPT-B, GPT-L")]
    [InlineData("\"c2i\"", "\"t2i\"", "'model.generator.gpt_type' must be c2i")]
    [InlineData("cls_token_num: 1", "cls_token_num: 120", "'model.generator.cls_token_num' must be 1")]
    [InlineData("spe_token_num: 127", "spe_token_num: 62", "'spe_token_num' is 62, but must be at least 63")]
    [InlineData("num_min_tokens: 4", "num_min_tokens: 3", "'ar_token_num' is 3, but must be a power of two")]
    [InlineData("num_latent_tokens: 128", "num_latent_tokens: 100", "'block_size' is 100, but must be a power of two")]
    [InlineData("  dropout_p: 0.1", "  dropout_p: 1.1", "'resid_dropout_p' is 1.1")]
    public void A_bad_value_is_named(string from, string to, string message)
    {
        string text = OfficialYaml.Replace(from, to, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Read(text)).Message);
    }

    [Fact]
    public void A_tokenizer_is_recognised()
    {
        const string Tokenizer = "model: { vq_model: { codebook_size: 512 } }";
        Assert.Contains("give the generator's folder", Assert.Throws<CheckpointException>(() => Read(Tokenizer)).Message);
    }

    private static GeneratorConfig Read(string text) => GeneratorConfig.Read(ConfigTree.Read(new StringReader(text), "test.yaml", yaml: true));
}
