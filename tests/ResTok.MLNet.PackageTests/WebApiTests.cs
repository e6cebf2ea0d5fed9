using System.Diagnostics;
using System.Net.Http.Json;

namespace ResTok.MLNet.PackageTests;

/// <summary>The packed packages in a minimal API whose prediction engines are pooled.</summary>
[Collection(nameof(PackedFeed))]
public sealed class WebApiTests(PackedFeed feed)
{
    private const string Code = """
        using Microsoft.Extensions.ObjectPool;
        using Microsoft.ML;
        using Microsoft.ML.Data;
        using Microsoft.ML.Transforms.Image;

        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        ITransformer model = new MLContext().Model.Load(args[0], out _);
        builder.Services.AddSingleton<ObjectPool<PredictionEngine<Upload, Encoded>>>(new DefaultObjectPool<PredictionEngine<Upload, Encoded>>(new Engines(model)));
        WebApplication app = builder.Build();
        app.MapPost("/tokens", async (HttpRequest request, ObjectPool<PredictionEngine<Upload, Encoded>> engines) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            body.Position = 0;
            using MLImage image = MLImage.CreateFromStream(body);
            PredictionEngine<Upload, Encoded> engine = engines.Get();
            try
            {
                return engine.Predict(new Upload { Image = image }).Tokens;
            }
            finally
            {
                engines.Return(engine);
            }
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.Single());
        await app.WaitForShutdownAsync();

        public sealed class Engines(ITransformer model) : PooledObjectPolicy<PredictionEngine<Upload, Encoded>>
        {
            public override PredictionEngine<Upload, Encoded> Create() => new MLContext().Model.CreatePredictionEngine<Upload, Encoded>(model);

            public override bool Return(PredictionEngine<Upload, Encoded> engine) => true;
        }

        public sealed class Upload
        {
            [ImageType(256, 256)]
            public MLImage Image { get; set; }
        }

        public sealed class Encoded
        {
            public int[] Tokens { get; set; }
        }
        """;

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_web_service_answers_requests_at_the_same_time_from_a_pool_of_engines()
    {
        string folder = feed.Write("Web", "Microsoft.NET.Sdk.Web", Code);
        Program.Run("dotnet", folder, "build", "-c", "Release", "-v", "quiet");
        using Process server = Program.Start("dotnet", folder, Path.Combine("bin", "Release", "net10.0", "Web.dll"), feed.Encoder);
        try
        {
            Task<string> error = server.StandardError.ReadToEndAsync();
            string address = await server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The server ended before it listened: {await error}");
            using var client = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
            string[] answers = await Task.WhenAll(feed.Images.Select(image => Tokens(client, image)));
            Assert.Equal(feed.Tokens, answers);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static async Task<string> Tokens(HttpClient client, string image)
    {
        using var content = new ByteArrayContent(await File.ReadAllBytesAsync(image));
        using HttpResponseMessage response = await client.PostAsync(new Uri("tokens", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        return string.Join(",", (await response.Content.ReadFromJsonAsync<int[]>())!);
    }
}
