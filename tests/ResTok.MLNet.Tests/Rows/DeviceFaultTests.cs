using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>
/// A device that fails while it computes. In the place of a GPU stands libtorch's "meta" device, which takes tensors and computes, and
/// fails as a lost GPU does when a result is asked for.
/// </summary>
public sealed class DeviceFaultTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;
    private readonly List<Row> rows = PipelineData.Rows(5);
    private readonly List<string> warnings = [];

    public DeviceFaultTests()
    {
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        tokenizer.Save(folder);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_cpu_takes_over_from_a_device_that_fails_and_a_warning_says_why()
    {
        using ResTokTokenizer model = CreateModel(), onMeta = OnMeta();
        Assert.Equal(Encode(new MLContext(), model), Encode(Context(fallback: true), onMeta));
        string warning = Assert.Single(warnings);
        Assert.Contains("meta failed with a batch of 1 in the ResTok tokenizer", warning, StringComparison.Ordinal);
        Assert.Contains("the CPU computes", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_cpu_must_not_take_over_the_error_says_what_to_do()
    {
        using ResTokTokenizer onMeta = OnMeta();
        string message = Assert.Throws<InvalidOperationException>(() => Encode(Context(fallback: false), onMeta)).Message;
        Assert.Contains("Check the device and its driver", message, StringComparison.Ordinal);
        Assert.Contains("set MLContext.FallbackToCpu to true", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_in_memory_is_copied_to_the_cpu()
    {
        using ResTokTokenizer model = CreateModel();
        MLContext ml = Context(fallback: true);
        string before = Encode(ml, model);
        model.Weights.FallBack();
        Assert.Equal(before, Encode(ml, model));
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", 4)]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", 0)]
    [InlineData("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", 8)]
    public void Without_memory_the_batch_size_that_would_fit_is_named(string fault, int fitting)
    {
        using ResTokTokenizer model = OnMeta();
        string message = Assert.Throws<InvalidOperationException>(() => DeviceFaults.Run(Environment(fallback: false), model.Weights, 16, Device(model, fault, fitting))).Message;
        Assert.Contains("meta has no memory for a batch of 16 in the ResTok tokenizer", message, StringComparison.Ordinal);
        Assert.Contains(fitting > 0 ? $"{fitting} fit: set BatchSize to {fitting}" : "Not even one fits", message, StringComparison.Ordinal);

        var computed = new List<int>();
        DeviceFaults.Run(Environment(fallback: true), model.Weights, 16, count =>
        {
            Device(model, fault, fitting)(count);
            computed.Add(count);
        });
        Assert.Equal(16, computed[^1]);
        Assert.Contains(fitting > 0 ? $"set BatchSize to {fitting}" : "Not even one fits", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_cpu_without_memory_names_the_batch_size_too_and_other_faults_of_it_are_left_alone()
    {
        using ResTokTokenizer model = CreateModel();
        string message = Assert.Throws<InvalidOperationException>(() => DeviceFaults.Run(
            Environment(fallback: true), model.Weights, 16, count => Fail(count > 2, "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))).Message;
        Assert.Contains("cpu has no memory for a batch of 16", message, StringComparison.Ordinal);
        Assert.EndsWith("set BatchSize to 2.", message, StringComparison.Ordinal);
        Assert.Throws<ExternalException>(() => DeviceFaults.Run(Environment(fallback: true), model.Weights, 16, _ => Fail(true, "the shapes do not fit")));
    }

    /// <summary>A device with memory for so many rows, until the CPU takes over.</summary>
    private static Action<int> Device(ResTokTokenizer model, string fault, int fitting) =>
        count => Fail(count > fitting && model.Weights.DeviceFor(MLNetInternals.EnvironmentOf(new MLContext().Transforms)) != SharedWeights.Cpu, fault);

    private static void Fail(bool fails, string message)
    {
        if (fails)
            throw new ExternalException(message);
    }

    private MLContext Context(bool fallback)
    {
        var ml = new MLContext { FallbackToCpu = fallback };
        ml.Log += (_, entry) =>
        {
            if (entry.Kind == ChannelMessageKind.Warning)
                warnings.Add(entry.RawMessage);
        };
        return ml;
    }

    private IHostEnvironment Environment(bool fallback) => MLNetInternals.EnvironmentOf(Context(fallback).Transforms);

    private string Encode(MLContext ml, ResTokTokenizer model)
    {
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data);
        return string.Join(";", encode.Transform(data).GetColumn<int[]>("Tokens").Select(Join));
    }

    private ResTokTokenizer OnMeta() => new(folder, null, find: _ => ("meta", null));
}
