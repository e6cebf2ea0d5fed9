using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Tests;
using SkiaSharp;

namespace WebApi.Tests;

/// <summary>The example's server on a free port of this machine, asked over HTTP.</summary>
public sealed class ApiTests : IAsyncLifetime
{
    private readonly WebApplication server = Api.Build(["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning"]);
    private readonly HttpClient client = new();

    private static TokenizerConfig Demo { get; } = DemoConfig();

    public async Task InitializeAsync()
    {
        await server.StartAsync();
        client.BaseAddress = new(server.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task The_page_asks_only_addresses_that_there_are()
    {
        HttpResponseMessage page = await client.GetAsync("/");
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        string text = await page.Content.ReadAsStringAsync();
        foreach (string address in new[] { "/model", "/encode", "/decode", "/generate?", "/generate/stream", "/samples/" })
        {
            Assert.Contains(address, text);
            if (address != "/samples/")
                Assert.NotEqual(HttpStatusCode.NotFound, (await client.GetAsync(address)).StatusCode);
        }
    }

    [Fact]
    public async Task The_model_says_its_size_levels_and_classes()
    {
        JsonElement model = await client.GetFromJsonAsync<JsonElement>("/model");
        Assert.Equal(Demo.CropSize, model.GetProperty("side").GetInt32());
        Assert.Equal(new TokenLevels(Demo.LatentTokens).Sizes, model.GetProperty("levelSizes").EnumerateArray().Select(size => size.GetInt32()));
        Assert.Equal(DemoGenerator.Classes, model.GetProperty("classes").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task Samples_are_the_images_of_the_examples_and_can_be_encoded()
    {
        JsonElement model = await client.GetFromJsonAsync<JsonElement>("/model");
        string[] samples = [.. model.GetProperty("samples").EnumerateArray().Select(name => name.GetString()!)];
        string folder = Path.Combine(Repository.Root, "examples", "pictures");
        Assert.Equal(Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal), samples);
        byte[] first = await client.GetByteArrayAsync($"/samples/{Uri.EscapeDataString(samples[0])}");
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, samples[0])), first);
        Assert.Equal(Demo.LatentTokens, (await Encode(first)).Length);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/samples/index.html")).StatusCode);
    }

    [Fact]
    public async Task An_image_becomes_tokens_and_they_an_image_like_it()
    {
        // Blue above, yellow below.
        int[] tokens = await Encode(TwoColours(SKColors.SteelBlue, SKColors.Gold));
        Assert.Equal(Demo.LatentTokens, tokens.Length);
        using SKBitmap rebuilt = await Decode(tokens);
        Assert.Equal((Demo.CropSize, Demo.CropSize), (rebuilt.Width, rebuilt.Height));
        SKColor above = rebuilt.GetPixel(rebuilt.Width / 2, rebuilt.Height / 8), below = rebuilt.GetPixel(rebuilt.Width / 2, rebuilt.Height * 7 / 8);
        Assert.True(above.Blue > above.Red, $"Above is {above}.");
        Assert.True(below.Red > below.Blue, $"Below is {below}.");

        using SKBitmap coarse = await Decode(tokens[..1]);
        Assert.NotEqual(rebuilt.Bytes, coarse.Bytes);
    }

    [Fact]
    public async Task A_label_and_a_seed_give_the_same_image_every_time()
    {
        byte[] image = await client.GetByteArrayAsync("/generate?label=3&seed=5");
        Assert.Equal(image, await client.GetByteArrayAsync("/generate?label=3&seed=5"));
        Assert.NotEqual(image, await client.GetByteArrayAsync("/generate?label=3&seed=6"));
        using SKBitmap decoded = SKBitmap.Decode(image);
        Assert.Equal((Demo.CropSize, Demo.CropSize), (decoded.Width, decoded.Height));
    }

    [Fact]
    public async Task Previews_grow_pass_by_pass_to_the_image_that_is_generated_at_once()
    {
        await using Stream stream = await client.GetStreamAsync("/generate/stream?label=3&seed=5");
        var passes = new List<JsonElement>();
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync())
            passes.Add(JsonSerializer.Deserialize<JsonElement>(item.Data));
        int[] counts = [.. passes.Select(pass => pass.GetProperty("tokens").GetArrayLength())];
        Assert.Equal(counts.Distinct().Order(), counts);
        Assert.Equal(Demo.LatentTokens, counts[^1]);
        Assert.Equal(Enumerable.Range(1, passes.Count), passes.Select(pass => pass.GetProperty("pass").GetInt32()));
        Assert.All(passes, pass => Assert.Equal(passes.Count, pass.GetProperty("passes").GetInt32()));
        Assert.Equal(await client.GetByteArrayAsync("/generate?label=3&seed=5"), passes[^1].GetProperty("png").GetBytesFromBase64());
    }

    [Theory]
    [InlineData("/generate?label=999999")]
    [InlineData("/generate/stream?label=-1")]
    public async Task Unknown_classes_are_refused_with_the_range(string address) =>
        await AssertRefused(await client.GetAsync(address), $"Classes must be from 0 to {DemoGenerator.Classes.Count - 1}");

    [Fact]
    public async Task Wrong_tokens_are_refused_with_the_range() =>
        await AssertRefused(await client.PostAsJsonAsync("/decode", new { values = new[] { Demo.CodebookSize } }), $"Token ids must be from 0 to {Demo.CodebookSize - 1}");

    [Fact]
    public async Task Bodies_that_are_no_images_are_refused() =>
        await AssertRefused(await client.PostAsync("/encode", new StringContent("hello")), "PNG, JPEG, WebP");

    private static TokenizerConfig DemoConfig()
    {
        using ResTokTokenizer demo = ResTokTokenizer.Demo();
        return demo.Config;
    }

    private static async Task AssertRefused(HttpResponseMessage answer, string message)
    {
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(message, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString());
    }

    private async Task<int[]> Encode(byte[] image)
    {
        HttpResponseMessage answer = await client.PostAsync("/encode", new ByteArrayContent(image));
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("values").Deserialize<int[]>()!;
    }

    private async Task<SKBitmap> Decode(int[] values)
    {
        HttpResponseMessage answer = await client.PostAsJsonAsync("/decode", new { values });
        answer.EnsureSuccessStatusCode();
        Assert.Equal("image/png", answer.Content.Headers.ContentType?.MediaType);
        return SKBitmap.Decode(await answer.Content.ReadAsByteArrayAsync());
    }

    private static byte[] TwoColours(SKColor above, SKColor below)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(200, 100));
        surface.Canvas.Clear(above);
        using var paint = new SKPaint { Color = below };
        surface.Canvas.DrawRect(0, 50, 200, 50, paint);
        using SKImage image = surface.Snapshot();
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
