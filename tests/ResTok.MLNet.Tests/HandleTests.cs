using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>The two handles, which have one shape.</summary>
public sealed class HandleTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Tokenizer_and_generator_have_the_same_members()
    {
        static IEnumerable<string> Members(Type type) => type.GetMembers().Where(member => member.DeclaringType != typeof(object))
            .Select(member => member.ToString()!.Replace("Tokenizer", "X", StringComparison.Ordinal).Replace("Generator", "X", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(Members(typeof(ResTokTokenizer)), Members(typeof(ResTokGenerator)));
    }

    [Fact]
    public void What_is_saved_opens_from_a_folder_and_from_streams_with_the_same_tokens()
    {
        using ResTokTokenizer memory = CreateModel();
        memory.Save(folder);
        using ResTokTokenizer saved = ResTokTokenizer.Load(folder);
        using ResTokTokenizer streams = ResTokTokenizer.Load(() => File.OpenRead(Path.Combine(folder, "config.json")), () => File.OpenRead(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(memory.Config, saved.Config);
        Assert.Equal(Encode(memory), Encode(saved));
        Assert.Equal(Encode(memory), Encode(streams));
        string again = Path.Combine(folder, "again");
        streams.Save(again); // before anything was computed with it
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(again, "model.safetensors")));
        using ResTokGenerator generator = CreateGenerator();
        generator.Save(again);
        Assert.Equal(TinyModels.Generator, GeneratorConfig.Load(again));
    }

    [Fact]
    public void Streams_cannot_be_stored_by_reference() => Assert.Contains("no path", Assert.Throws<ArgumentException>(() => ResTokTokenizer.Load(
        () => Stream.Null, () => Stream.Null, new() { StoreByReference = true })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_disposed_handle_saves_nothing_and_its_transformers_go_on()
    {
        ResTokTokenizer handle = CreateModel();
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(2));
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", handle).Fit(data);
        handle.Dispose();
        handle.Dispose();
        Assert.Throws<ObjectDisposedException>(() => handle.Save(folder));
        Assert.Throws<ObjectDisposedException>(() => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { InitialModel = handle }).Fit(data));
        Assert.Equal(2, encode.Transform(data).GetColumn<int[]>("Tokens").Count());
    }

    private string Encode(ResTokTokenizer model)
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(3));
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data);
        return string.Join(";", encode.Transform(data).GetColumn<int[]>("Tokens").Select(Join));
    }
}
