using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Checkpoints;

public class CheckpointTests
{
    public static TheoryData<string, string> PyTorchFiles => new()
    {
        { "generator", "pytorch_model.bin" },
        { "generator", "pytorch_model.legacy_nonzip.bin" },
        { "generator", "pytorch_model.orig_mod_prefix.bin" },
        { "restok", "pytorch_model.subset.bin" },
    };

    [Theory]
    [MemberData(nameof(PyTorchFiles))]
    public void PyTorch_files_hold_what_the_safetensors_file_holds(string model, string file)
    {
        string folder = Path.Combine(TestData.Root, "checkpoints", "tiny", model);
        using var scope = NewDisposeScope();
        using Checkpoint expected = Checkpoint.Open(folder), actual = Checkpoint.Open(Path.Combine(folder, file));
        Assert.NotEmpty(actual.Entries);
        if (!file.Contains("subset", StringComparison.Ordinal))
            Assert.Equal(expected.Entries.Keys.Order(), actual.Entries.Keys.Order());
        Assert.All(actual.Entries.Keys, name => Assert.True(expected.GetTensor(name).equal(actual.GetTensor(name)).all().item<bool>(), name));
    }

    [Fact]
    public void The_tiny_tokenizer_loads_and_saves_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        using ImageTokenizer first = ImageTokenizer.Load(TestData.TinyTokenizer);
        first.Save(folder.Path);
        using ImageTokenizer second = ImageTokenizer.Load(folder.Path);
        Assert.Equal(first.Config, second.Config);
        second.Save(folder["again"]);
        Assert.Equal(File.ReadAllBytes(folder["model.safetensors"]), File.ReadAllBytes(Path.Combine(folder["again"], "model.safetensors")));
        Assert.All(first.StateDict, entry => Assert.True(entry.Value.equal(second.StateDict[entry.Key]).all().item<bool>()));
    }

    [Fact]
    public void A_folder_of_links_as_the_hub_cache_has_it_loads()
    {
        if (OperatingSystem.IsWindows())
            return; // only administrators make links there
        using var folder = new TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.CreateSymbolicLink(folder[file], Path.Combine(TestData.TinyGenerator, file));
        using ImageGenerator linked = ImageGenerator.Load(folder.Path), direct = ImageGenerator.Load(TestData.TinyGenerator);
        Assert.All(direct.StateDict, entry => Assert.True(entry.Value.equal(linked.StateDict[entry.Key]).all().item<bool>()));
    }

    [Fact]
    public void One_tensor_that_is_kept_keeps_little_of_a_large_file_in_memory()
    {
        if (!OperatingSystem.IsLinux())
            return; // where /proc tells
        using var folder = new TemporaryFolder();
        WriteLarge(folder["model.safetensors"], 1);
        Tensor kept;
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Path))
        {
            foreach (string name in checkpoint.Entries.Keys.Where(name => name != "kept"))
            {
                using Tensor tensor = checkpoint.GetTensor(name);
                using Tensor sum = tensor.sum(); // reads it
                Assert.Equal(tensor.numel(), sum.item<float>());
            }
            kept = checkpoint.GetTensor("kept");
        }
        using (kept)
            Assert.InRange(ResidentOf(folder["model.safetensors"]), 0, 50L << 20); // of 120 MB
        Assert.Equal(0, ResidentOf(folder["model.safetensors"]));
    }

    [Fact]
    public void A_file_that_is_replaced_while_it_is_read_is_named()
    {
        using var folder = new TemporaryFolder();
        WriteLarge(folder["model.safetensors"], 1);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.GetTensor("a").Dispose();
        checkpoint.GetTensor("b").Dispose();
        WriteLarge(folder["other"], 2);
        File.Move(folder["other"], folder["model.safetensors"], overwrite: true);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            CheckpointException fault = Assert.Throws<CheckpointException>(() => checkpoint.GetTensor("c"));
            Assert.Contains($"{folder["model.safetensors"]} was replaced or changed while it was read", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Streams_round_trip()
    {
        using ImageTokenizer first = ImageTokenizer.Create(TinyModels.Tokenizer, seed: 4);
        using MemoryStream config = new(), weights = new();
        first.Save(config, weights);
        config.Position = weights.Position = 0;
        using ImageTokenizer second = ImageTokenizer.Load(TokenizerConfig.Load(config), weights);
        Assert.Equal(first.Config, second.Config);
        Assert.All(first.StateDict, entry => Assert.True(entry.Value.equal(second.StateDict[entry.Key]).all().item<bool>()));
        weights.SetLength(weights.Length - 1);
        config.Position = weights.Position = 0;
        Assert.Contains("ends before", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(TokenizerConfig.Load(config), weights)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Other_floating_types_are_converted(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using ImageTokenizer first = ImageTokenizer.Create(TinyModels.Tokenizer, seed: 5);
        first.Save(folder.Path);
        WriteWeights(folder["model.safetensors"], first.StateDict.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.to(type))));
        using ImageTokenizer second = ImageTokenizer.Load(folder.Path);
        Assert.All(first.StateDict, entry => Assert.True(
            entry.Value.to(type).to(ScalarType.Float32).equal(second.StateDict[entry.Key]).all().item<bool>(), entry.Key));
    }

    [Fact]
    public void Shards_are_read_through_their_index()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using ImageTokenizer first = ImageTokenizer.Create(TinyModels.Tokenizer, seed: 6);
        first.Save(folder.Path);
        File.Delete(folder["model.safetensors"]);
        string[] names = [.. first.StateDict.Keys];
        string ShardOf(int i) => $"model-0000{i % 2 + 1}-of-00002.safetensors";
        for (int shard = 0; shard < 2; shard++)
            WriteWeights(folder[ShardOf(shard)], first.StateDict.Where((_, i) => i % 2 == shard).Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value)));
        string map = string.Join(",", names.Select((name, i) => $"\"{name}\":\"{ShardOf(i)}\""));
        File.WriteAllText(folder["model.safetensors.index.json"], $"{{\"weight_map\":{{{map}}}}}");
        using ImageTokenizer second = ImageTokenizer.Load(folder.Path);
        Assert.All(first.StateDict, entry => Assert.True(entry.Value.equal(second.StateDict[entry.Key]).all().item<bool>()));

        File.WriteAllText(folder["model.safetensors.index.json"], "{\"weight_map\":{\"a\":\"../secret.safetensors\"}}");
        Assert.Contains("../secret", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["model.safetensors.index.json"], "{\"weight_map\":{\"a\":\"absent.safetensors\"}}");
        Assert.Contains("absent.safetensors", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>The tensors are in both files; each file is asked for half of them, as torch.save of shards has it, under their names in it.</summary>
    [Fact]
    public void Shards_of_PyTorch_are_read_through_their_index()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[] shards = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
        File.Copy(Path.Combine(TestData.TinyGenerator, "config.json"), folder["config.json"]);
        File.Copy(Path.Combine(TestData.TinyGenerator, "pytorch_model.bin"), folder[shards[0]]);
        File.Copy(Path.Combine(TestData.TinyGenerator, "pytorch_model.legacy_nonzip.bin"), folder[shards[1]]);
        using ImageGenerator whole = ImageGenerator.Load(TestData.TinyGenerator);
        string index = folder["pytorch_model.bin.index.json"];
        File.WriteAllText(index, $"{{\"metadata\":{{\"total_size\":1}},\"weight_map\":{{{string.Join(",", whole.StateDict.Keys.Select((name, i) => $"\"{name}\":\"{shards[i % 2]}\""))}}}}}");
        using (ImageGenerator sharded = ImageGenerator.Load(folder.Path))
            Assert.All(whole.StateDict, entry => Assert.True(entry.Value.equal(sharded.StateDict[entry.Key]).all().item<bool>(), entry.Key));
        using (Checkpoint named = Checkpoint.Open(index))
            Assert.Equal(whole.StateDict.Count, named.Entries.Count);
        Assert.Equal(shards.Select(shard => folder[shard]), Checkpoint.FilesOf(folder.Path));

        File.Delete(folder[shards[1]]);
        Assert.Contains("names the shard pytorch_model-00002-of-00002.bin, which is missing", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(folder[shards[1]], "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
        Assert.Contains("pytorch_model-00002-of-00002.bin is no file of torch.save, but a Git LFS pointer", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(index, $"{{\"weight_map\":{{\"absent.weight\":\"{shards[0]}\"}}}}");
        Assert.Contains("lacks tensors that its index puts there: absent.weight", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(index, "{\"weight_map\":{\"a\":\"../secret.bin\"}}");
        Assert.Contains("../secret", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(index, $"{{\"weight_map\":{{\"a\":\"{shards[0]}\",\"a\":\"{shards[0]}\"}}}}");
        Assert.Contains("is not an index of shards", Refusal(), StringComparison.Ordinal);

        string Refusal() => Assert.Throws<CheckpointException>(() => ImageGenerator.Load(folder.Path)).Message;
    }

    [Fact]
    public void A_training_folder_gives_its_averaged_weights()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["ema_model"]);
        string source = Path.Combine(TestData.TinyGenerator, "pytorch_model.bin");
        File.Copy(source, Path.Combine(folder["ema_model"], "pytorch_model.bin"));
        File.WriteAllText(folder["pytorch_model.bin"], "not looked at");
        File.WriteAllText(folder["config.yaml"], "model: {}");
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.EndsWith(Path.Combine("ema_model", "pytorch_model.bin"), checkpoint.Source, StringComparison.Ordinal);
        Assert.Equal(folder["config.yaml"], checkpoint.ConfigPath);
    }

    [Fact]
    public void Training_only_tensors_are_reported_and_all_faults_are_listed_together()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using ImageTokenizer first = ImageTokenizer.Create(TinyModels.Tokenizer);
        first.Save(folder.Path);
        var weights = first.StateDict.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value);
        weights.Add("decoder.feat_mask_token", zeros(1, 1, 64));
        weights.Add("foundation_model.model.cls_token", zeros(1, 1, 8));
        WriteWeights(folder["model.safetensors"], weights);
        using (ImageTokenizer second = ImageTokenizer.Load(folder.Path))
            Assert.Equal(["decoder.feat_mask_token", "foundation_model.model.cls_token"], second.UnusedEntries);

        weights.Remove("encoder.ln_pre.bias");
        weights["encoder.ln_post.bias"] = zeros(1); // would broadcast
        weights["decoder.ln_pre.bias"] = zeros(64, dtype: ScalarType.Int64);
        weights.Add("stranger", zeros(2));
        WriteWeights(folder["model.safetensors"], weights);
        long before = Tensor.TotalCount;
        string message = Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message;
        Assert.Contains("in 4 places", message, StringComparison.Ordinal);
        Assert.Contains("missing: encoder.ln_pre.bias [64]", message, StringComparison.Ordinal);
        Assert.Contains("wrong shape: encoder.ln_post.bias is Float32 [1]", message, StringComparison.Ordinal);
        Assert.Contains("wrong type: decoder.ln_pre.bias is Int64 [64]", message, StringComparison.Ordinal);
        Assert.Contains("unexpected: Float32 [2] stranger", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("has no weights", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("no file or folder", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder["absent"])).Message, StringComparison.Ordinal);
        File.Copy(Path.Combine(TestData.TinyGenerator, "model.safetensors"), folder["model.safetensors"]);
        Assert.Contains("no config.json", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("configures a generator", Assert.Throws<CheckpointException>(() => ImageTokenizer.Load(TestData.TinyGenerator)).Message, StringComparison.Ordinal);
    }

    private static void WriteWeights(string path, IEnumerable<KeyValuePair<string, Tensor>> weights)
    {
        using FileStream stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. weights]);
    }

    /// <summary>Three tensors of 40 MB and a small one.</summary>
    private static void WriteLarge(string path, float value)
    {
        using var scope = NewDisposeScope();
        Tensor large = full([10 << 20], value);
        WriteWeights(path, new Dictionary<string, Tensor> { ["a"] = large, ["b"] = large, ["c"] = large, ["kept"] = full([4], value) });
    }

    /// <summary>Bytes of a file that this process has mapped and in memory.</summary>
    private static long ResidentOf(string path)
    {
        long kilobytes = 0;
        bool ofFile = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Split(' ')[0].Contains('-', StringComparison.Ordinal)) // a range of addresses: a mapping begins
                ofFile = line.EndsWith(path, StringComparison.Ordinal);
            else if (ofFile && line.StartsWith("Rss:", StringComparison.Ordinal))
                kilobytes += long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        return kilobytes << 10;
    }
}
