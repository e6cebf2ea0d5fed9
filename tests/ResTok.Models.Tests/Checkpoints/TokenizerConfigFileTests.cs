using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

public class TokenizerConfigFileTests
{
    private const string OfficialYaml = """
        experiment:
            name: "restok_l_128_run1"
            max_train_examples: 1_281_167
        model:
            vq_model:
                codebook_size: 8192
                token_size: 8
                use_l2_norm: True
                commitment_cost: 0.25
                entropy_loss_ratio: 0.0
                # vit arch
                vit_enc_model_size: "large"
                vit_dec_model_size: "large"
                rope_base_len: 10_000
                num_latent_tokens: 128
                num_min_tokens: 4
                test_num_latent_tokens: ${model.vq_model.num_latent_tokens}
                merge_tokens: True
                hierarchy_stages: 4
                reduction_ratio: 0.5
                vae_encoder: True
                drop_prob: 0.2
                use_vf: "dinov3"
        dataset:
            preprocessing:
                crop_size: 256
        """;

    [Fact]
    public void The_official_yaml_is_read()
    {
        TokenizerConfig config = Read(OfficialYaml, yaml: true);
        Assert.Equal(new TokenizerConfig { MergeTokens = true, PixelEncoder = true }, config);
    }

    [Fact]
    public void The_official_json_with_open_references_is_read()
    {
        TokenizerConfig config = TokenizerConfig.Read(ConfigTree.Read(Path.Combine(TestData.TinyTokenizer, "config.json")));
        Assert.Equal(TinyModels.GoldenTiny with { DropLatentTokens = false, DropProbability = 0 }, config);
    }

    [Fact]
    public void What_is_written_reads_back_equal()
    {
        TokenizerConfig config = TinyModels.Tokenizer with { ReductionRatio = 0.25, UseL2Norm = false, LearnableLatentTokens = true, EntropyLossRatio = 0.1f };
        Assert.Equal(config, Read(config.ToJson().ToString(), yaml: false));
    }

    [Theory]
    [InlineData("codebook_size: 8192", "codebook_size: lots", "'model.vq_model.codebook_size' must be a number")]
    [InlineData("codebook_size: 8192", "codebook_size: 8192.5", "must be an integer")]
    [InlineData("codebook_size: 8192", "codebook: 8192", "'model.vq_model.codebook_size' must be given, but is absent")]
    [InlineData("vit_enc_model_size: \"large\"", "vit_enc_model_size: \"huge\"", "one of tiny, mini, compact, small, base, large, but is \"huge\"")]
    [InlineData("merge_tokens: True", "merge_tokens: 1", "'model.vq_model.merge_tokens' must be true or false")]
    [InlineData("num_latent_tokens: 128\n", "num_latent_tokens: 100\n", "'num_latent_tokens' is 100, but must be a power of two")]
    [InlineData("${model.vq_model.num_latent_tokens}", "${model.nowhere}", "refers to 'model.nowhere', which is not there")]
    [InlineData("${model.vq_model.num_latent_tokens}", "${model.vq_model.test_num_latent_tokens}", "refers in a circle")]
    [InlineData("vae_encoder: True", "is_legacy: False", "is_legacy: false is not supported")]
    [InlineData("vq_model:", "vq:", "no section 'model.vq_model'")]
    [InlineData("model:\n", "model: [\n", "cannot be parsed")]
    public void Faults_name_the_file_and_the_key(string good, string bad, string why)
    {
        Assert.Contains(good, OfficialYaml, StringComparison.Ordinal);
        string message = Assert.Throws<CheckpointException>(() => Read(OfficialYaml.Replace(good, bad, StringComparison.Ordinal), yaml: true)).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains("test.yaml", message, StringComparison.Ordinal);
    }

    private static TokenizerConfig Read(string text, bool yaml) => TokenizerConfig.Read(ConfigTree.Read(new StringReader(text), "test.yaml", yaml));
}
