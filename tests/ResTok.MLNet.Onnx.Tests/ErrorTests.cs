using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>What is wrong is said, with what to do.</summary>
public sealed class ErrorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly OnnxTokenizer tokenizer;
    private readonly OnnxGenerator generator;

    public ErrorTests()
    {
        using (ImageTokenizer model = TinyModels.CreateTokenizer())
            model.ExportOnnx(folder.Path);
        using (ImageGenerator model = TinyModels.CreateGenerator(TinyModels.Generator with { ClassDropout = 0 }))
            model.ExportOnnx(folder.Path);
        tokenizer = OnnxTokenizer.Load(folder.Path);
        generator = OnnxGenerator.Load(folder.Path);
    }

    [Fact]
    public void A_missing_or_damaged_file_is_named()
    {
        using var empty = new TemporaryFolder();
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointException>(() => OnnxTokenizer.Load(empty.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("ExportOnnx", Assert.Throws<CheckpointException>(() => OnnxGenerator.Load(empty.Path)).Message, StringComparison.Ordinal);
        File.Copy(folder["tokenizer.json"], empty["tokenizer.json"]);
        Assert.Contains("There is no " + empty["encoder.onnx"], Assert.Throws<CheckpointException>(() => OnnxTokenizer.Load(empty.Path)).Message, StringComparison.Ordinal);
        File.Copy(folder["decoder.onnx"], empty["decoder.onnx"]);
        File.WriteAllText(empty["encoder.onnx"], "no model");
        Assert.Contains("encoder.onnx cannot be run", Assert.Throws<CheckpointException>(() => OnnxTokenizer.Load(empty.Path)).Message, StringComparison.Ordinal);
        File.Copy(folder["generator.onnx"], empty["generator.onnx"]);
        foreach (string text in new[] { "{", "[]", "{}", "{\"config\": 3}", "{\"config\": {}}" })
        {
            File.WriteAllText(empty["generator.json"], text);
            Assert.Throws<CheckpointException>(() => OnnxGenerator.Load(empty.Path));
        }
    }

    [Fact]
    public void Pixels_and_tokens_must_fit()
    {
        Assert.Contains("3072", Assert.Throws<ArgumentException>(() => tokenizer.Encode(new float[100])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tokenizer.Encode([]));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([]));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([new int[17]]));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([[1, 2], [3]]));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([[1, 2]], [1, 1]));
        Assert.Contains("3", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([[1, 2]], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("63", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([[64]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([[-1]]));
    }

    [Fact]
    public void Requests_must_fit()
    {
        Assert.Throws<ArgumentException>(() => generator.Generate(new([])));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(new([5])));
        Assert.Throws<ArgumentException>(() => generator.Generate(new([1]) { RowIds = [1, 2] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(new([1]) { Levels = 6 }));
        Assert.Contains("0, 1, 2, 3, 4, 8, 16", Assert.Throws<ArgumentException>(() => generator.Generate(new([1]) { Prefix = [new int[5]] })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(new([1]) { Prefix = [[64]] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(new([1]), new() { TopP = 0 }));
        Assert.Contains("null class", Assert.Throws<ArgumentException>(() => generator.Generate(new([1]), SamplingOptions.Official)).Message, StringComparison.Ordinal);
        Assert.Equal(16, generator.Generate(new([1]))[0].Count); // without a null class too
        using var cancelled = new CancellationTokenSource();
        int passes = 0;
        Assert.Throws<OperationCanceledException>(() => generator.Generate(new([1]), null, step =>
        {
            passes = step.Pass;
            if (passes == 2)
                cancelled.Cancel();
        }, cancelled.Token));
        Assert.Equal(2, passes);
    }

    [Fact]
    public void What_was_disposed_is_said_to_be()
    {
        tokenizer.Dispose();
        generator.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tokenizer.Encode(new float[3072]));
        Assert.Throws<ObjectDisposedException>(() => tokenizer.Decode([[1]]));
        Assert.Throws<ObjectDisposedException>(() => generator.Generate(new([1])));
    }

    [Fact]
    public void A_cpu_refuses_bfloat16()
    {
        using var half = new TemporaryFolder();
        using (ImageTokenizer model = TinyModels.CreateTokenizer())
            model.ExportOnnx(half.Path, new() { Precision = OnnxPrecision.BFloat16 });
        Assert.Contains("encoder.onnx", Assert.Throws<CheckpointException>(() => OnnxTokenizer.Load(half.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_replaced_is_an_error_and_leaves_nothing_half_written()
    {
        using ImageTokenizer model = TinyModels.CreateTokenizer();
        using var target = new TemporaryFolder();
        Directory.CreateDirectory(target["decoder.onnx"]);
        File.WriteAllText(target["tokenizer.json"], "before");
        Assert.ThrowsAny<Exception>(() => model.ExportOnnx(target.Path));
        Assert.Equal("before", File.ReadAllText(target["tokenizer.json"]));
        Assert.DoesNotContain(Directory.GetFiles(target.Path), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.ExportOnnx(target.Path));
    }

    public void Dispose()
    {
        tokenizer.Dispose();
        generator.Dispose();
        folder.Dispose();
    }
}
