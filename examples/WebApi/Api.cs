using ResTok.MLNet;
using ResTok.Models;

/// <summary>The addresses that the program answers at. Both models are safe for use by several requests at once.</summary>
public static class Api
{
    /// <param name="args">ASP.NET Core's, such as <c>--urls http://127.0.0.1:5080</c>, and <c>--tokenizer</c> and <c>--generator</c>: folders of models, the demo model if none.</param>
    public static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Services.AddSingleton(_ => OpenModels.Tokenizer(builder.Configuration["tokenizer"]));
        builder.Services.AddSingleton(_ => OpenModels.Generator(builder.Configuration["generator"]));
        SamplingOptions sampling = builder.Configuration["generator"] is null ? DemoGenerator.Sampling : SamplingOptions.Official;
        WebApplication app = builder.Build();
        app.Use(ExplainWrongRequests);

        app.MapGet("/", () => Results.Stream(typeof(Api).Assembly.GetManifestResourceStream("index.html")!, "text/html; charset=utf-8"));

        app.MapGet("/model", (ImageTokenizer tokenizer, ImageGenerator generator) =>
            new ModelFacts(tokenizer.Config.CropSize, tokenizer.Levels.Sizes, tokenizer.Config.CodebookSize, OpenModels.ClassNames(generator), Samples.Names));

        app.MapGet("/samples/{name}", (string name) => Samples.Open(name) is { } file ? Results.Stream(file, "application/octet-stream") : Results.NotFound());

        // An image file → tokens, level by level.
        app.MapPost("/encode", async (HttpRequest request, ImageTokenizer tokenizer) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
            using TokenizerEncoding encoding = tokenizer.Encode(Images.ToTensor(body.ToArray(), tokenizer.Config.CropSize));
            return new Tokens([.. encoding.Tokens.data<long>().Select(token => (int)token)]);
        });

        // All or the leading tokens → a PNG.
        app.MapPost("/decode", (Tokens body, ImageTokenizer tokenizer) => Results.Bytes(Images.Decode(tokenizer, body.Values), "image/png"));

        // A class and a seed → a PNG, always the same.
        app.MapGet("/generate", async (int label, long? seed, ImageTokenizer tokenizer, ImageGenerator generator, HttpResponse response, CancellationToken cancellation) =>
        {
            GenerationStep last = await Generate(generator, label, seed, cancellation).LastAsync(cancellation);
            response.Headers.CacheControl = "max-age=3600";
            return Results.Bytes(Images.Decode(tokenizer, last.Rows[0]), "image/png");
        });

        // The same, with the image after every pass, as server-sent events. A visitor who leaves ends the generation.
        app.MapGet("/generate/stream", (int label, long? seed, ImageTokenizer tokenizer, ImageGenerator generator, CancellationToken cancellation) =>
        {
            IAsyncEnumerable<GenerationStep> steps = Generate(generator, label, seed, cancellation);
            return TypedResults.ServerSentEvents(steps.Select(step => new Preview(step.Pass, step.Passes, step.Rows[0], Images.Decode(tokenizer, step.Rows[0]))));
        });
        return app;

        IAsyncEnumerable<GenerationStep> Generate(ImageGenerator generator, int label, long? seed, CancellationToken cancellation) =>
            generator.GenerateAsync(new([label]), sampling with { Seed = seed ?? 0 }, cancellation);
    }

    /// <summary>The library's messages say what is wrong with a class, a token or an image: they are for whoever asked.</summary>
    private static async Task ExplainWrongRequests(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidDataException && !context.Response.HasStarted)
        {
            await Results.Problem(fault.Message, statusCode: StatusCodes.Status400BadRequest).ExecuteAsync(context);
        }
    }
}

/// <summary>What a page must know of the models, and the images it may begin with.</summary>
internal sealed record ModelFacts(int Side, IReadOnlyList<int> LevelSizes, int CodebookSize, IReadOnlyList<string> Classes, IReadOnlyList<string> Samples);

/// <summary>Tokens of an image, coarse to fine.</summary>
internal sealed record Tokens(int[] Values);

/// <summary>The image after a pass; its PNG becomes base64 in JSON.</summary>
internal sealed record Preview(int Pass, int Passes, IReadOnlyList<int> Tokens, byte[] Png);
