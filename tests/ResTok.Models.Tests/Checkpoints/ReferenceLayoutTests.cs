using System.IO.Compression;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>What the reference's own scripts read, read back by this library's reader, which takes only what torch.save writes.</summary>
public class ReferenceLayoutTests
{
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void A_tokenizer_comes_back(Precision precision)
    {
        using var folder = new TemporaryFolder();
        using ImageTokenizer tokenizer = ImageTokenizer.Create(TinyModels.Tokenizer, precision: precision);
        tokenizer.Save(folder.Path, SaveLayout.Reference);
        Assert.Equal(["config.yaml", "pytorch_model.bin"], Directory.GetFiles(folder.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        using ImageTokenizer loaded = ImageTokenizer.Load(folder.Path, precision: precision);
        Assert.Equal(tokenizer.Config, loaded.Config);
        Assert.Equal(tokenizer.StateDict.Keys, loaded.StateDict.Keys);
        using var scope = NewDisposeScope();
        Assert.All(tokenizer.StateDict, entry => AssertSame(entry.Value, loaded.StateDict[entry.Key]));
        Assert.Contains($"tokenizer_checkpoint: {folder["pytorch_model.bin"]}", File.ReadAllText(folder["config.yaml"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_archive_is_as_torch_save_makes_it_and_the_same_for_the_same_model()
    {
        using TemporaryFolder folder = new(), again = new();
        using ImageTokenizer tokenizer = ImageTokenizer.Create(TinyModels.Tokenizer);
        tokenizer.Save(folder.Path, SaveLayout.Reference);
        tokenizer.Save(again.Path, SaveLayout.Reference);
        Assert.Equal(File.ReadAllBytes(folder["pytorch_model.bin"]), File.ReadAllBytes(again["pytorch_model.bin"]));
        using ZipArchive archive = ZipFile.OpenRead(folder["pytorch_model.bin"]);
        string[] names = [.. archive.Entries.Select(entry => entry.FullName)];
        Assert.Equal(["archive/data.pkl", "archive/byteorder", .. Enumerable.Range(0, tokenizer.StateDict.Count).Select(i => $"archive/data/{i}"), "archive/version"], names);
        Assert.All(archive.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
    }

    [Theory]
    [InlineData(768, 12, 12, "GPT-B")]
    [InlineData(2048, 22, 32, "GPT-1B")]
    public void A_generator_of_an_official_size_is_named_by_it_and_comes_back(int width, int layers, int heads, string name)
    {
        using var folder = new TemporaryFolder();
        var config = new JsonObject
        {
            ["dim"] = width,
            ["n_layer"] = layers,
            ["n_head"] = heads,
            ["vocab_size"] = 64,
            ["block_size"] = 16,
            ["num_classes"] = 5,
            ["cls_token_num"] = 1,
            ["token_dropout_p"] = 0.1,
            ["drop_path_rate"] = 0,
            ["ar_token_num"] = 4,
            ["spe_token_num"] = 15,
        };
        ReferenceLayout.Write(folder.Path, config, []); // of weights there is nothing to see here, and they would be hundreds of megabytes
        Assert.Contains($"model_type: {name}", File.ReadAllText(folder["config.yaml"]), StringComparison.Ordinal);
        Assert.Equal(new() { Width = width, Layers = layers, Heads = heads, CodebookSize = 64, Classes = 5, Tokens = 16, SpecialTokens = 15 }, GeneratorConfig.Load(folder.Path));
    }

    [Fact]
    public void A_generator_that_the_reference_cannot_name_is_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        using ImageGenerator tiny = ImageGenerator.Create(TinyModels.Generator);
        ArgumentException fault = Assert.Throws<ArgumentException>(() => tiny.Save(folder.Path, SaveLayout.Reference));
        Assert.Contains("Hugging Face", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(0, (expected != actual).sum().item<long>());
    }
}
