// Uses the page of examples/Browser in a real browser as a visitor would, holds its tokens against the library's, and takes screenshots of it:
//   npm ci --prefix examples/Browser
//   dotnet run --project tests/Browser.Headless -c Release -- /usr/bin/chromium out/browser examples/pictures/sunset.png
// With "webgpu" after that it runs on WebGPU, by Chromium's own software renderer where there is no GPU.
using System.Diagnostics;
using Microsoft.ML.Data;
using PuppeteerSharp;
using ResTok.MLNet;
using ResTok.MLNet.Onnx;
using ResTok.Models;
using ResTok.Tests;
using TorchSharp;

if (args is not [string browserPath, string output, string image, .. var rest] || rest is not ([] or ["webgpu"]))
{
    Console.Error.WriteLine("Usage: Browser.Headless BROWSER OUTPUT IMAGE [webgpu]");
    return 2;
}
const int Class = 6, Seed = 7;
const double DecidedMargin = 1e-4;
Directory.CreateDirectory(output);
DirectoryInfo models = Directory.CreateTempSubdirectory("restok-page-");
using (ResTokTokenizer tokenizer = ResTokTokenizer.Demo())
    tokenizer.ExportOnnx(models.FullName);
using (ResTokGenerator generator = ResTokGenerator.Demo())
    generator.ExportOnnx(models.FullName);
File.WriteAllLines(Path.Combine(models.FullName, "classes.txt"), DemoGenerator.Classes);
using Process server = Process.Start(new ProcessStartInfo("node", [Path.Combine(Repository.Root, "examples", "Browser", "serve.mjs"), "--port", "0", "--models", models.FullName]) { RedirectStandardOutput = true })!;
try
{
    string address = await server.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.");
    await using IBrowser browser = await Puppeteer.LaunchAsync(new()
    {
        ExecutablePath = browserPath,
        Args =
        [
            "--no-sandbox", // it opens only our own page, and containers run it as root
            .. rest is [] ? (string[])[] : ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan", "--use-vulkan=swiftshader"],
        ],
        Timeout = 300_000,
        ProtocolTimeout = 1_200_000, // a software renderer may take minutes, and nothing else is answered meanwhile
    });
    await using IPage page = await browser.NewPageAsync();
    page.DefaultTimeout = 300_000; // slow machines are no fault of the page
    page.PageError += (_, fault) => Fail($"The page's script failed: {fault.Message}");
    page.Console += (_, message) => Console.WriteLine($"The page says: {message.Message.Text}");
    page.Request += (_, sent) =>
    {
        if (!sent.Request.Url.StartsWith(address, StringComparison.Ordinal) && !sent.Request.Url.StartsWith("data:", StringComparison.Ordinal) && !sent.Request.Url.StartsWith("blob:", StringComparison.Ordinal))
            Fail($"The page asked for {sent.Request.Url}.");
    };
    await page.SetViewportAsync(new() { Width = 1040, Height = 1180 });
    await page.GoToAsync(address);
    await page.WaitForFunctionAsync("() => document.getElementById('status').textContent.endsWith('ready.') || document.getElementById('fault').textContent");
    await Expect("the models load", "document.getElementById('fault').textContent === ''");
    Console.WriteLine(await Text("status"));
    if (rest is not [])
        await Expect("it runs on WebGPU", "document.getElementById('status').textContent.startsWith('WebGPU')");
    await Expect("all classes are offered", $"document.getElementById('classes').options.length === {DemoGenerator.Classes.Count}");

    // An image of the encoder's size, so that the browser's resampling has no part in it.
    string folder = Path.Combine(Repository.Root, "src", "ResTok.MLNet.DemoModel");
    int tokenCount;
    using (ImageTokenizer tokenizer = ImageTokenizer.Load(Path.Combine(folder, "tokenizer")))
    {
        tokenCount = tokenizer.Levels.TokenCount;
        string small = Path.Combine(output, "given.png");
        using MLImage whole = MLImage.CreateFromFile(image), square = ResTokImages.Fit(whole, tokenizer.Config.CropSize);
        square.Save(small);
        float[] pixels = OnnxImages.ToPixels([square], tokenizer.Config.CropSize);
        using torch.Tensor batch = torch.tensor(pixels, [1, 3, square.Height, square.Width]);
        using TokenizerEncoding encoding = tokenizer.Encode(batch, EncodingOutputs.Margins);
        IElementHandle file = await page.QuerySelectorAsync("#file");
        await file.UploadFileAsync(Path.GetFullPath(small));
        await page.WaitForFunctionAsync("() => document.getElementById('status').textContent.includes('encoded')");
        long[] given = encoding.Tokens.data<long>().ToArray(), found = await page.EvaluateExpressionAsync<long[]>("[...document.querySelectorAll('#tokens span')].map(chip => Number(chip.textContent))");
        float[] margins = encoding.Margins!.data<float>().ToArray();
        int differing = given.Zip(found).Where((pair, i) => pair.First != pair.Second && margins[i] > DecidedMargin).Count();
        if (found.Length != given.Length || differing > 0)
            Fail($"{differing} of {found.Length} tokens differ from the library's.");
        Console.WriteLine($"Encoding: {given.Zip(found).Count(pair => pair.First == pair.Second)} of {given.Length} tokens are the library's.");
    }
    Console.WriteLine(await Text("status"));

    // The slider takes fewer tokens.
    string all = await Image("rebuilt");
    await page.EvaluateExpressionAsync("document.getElementById('count').value = 8, document.getElementById('count').dispatchEvent(new Event('input'))");
    await page.WaitForFunctionAsync("() => document.getElementById('used').textContent.startsWith('8 of')");
    if (all == await Image("rebuilt"))
        Fail("8 tokens give the image of all.");
    await Expect("the others are faded", $"document.querySelectorAll('#tokens span.unused').length === {tokenCount - 8}");

    // A class becomes an image pass by pass, with the library's tokens.
    await page.SelectAsync("#classes", $"{Class}");
    await page.EvaluateExpressionAsync($"document.getElementById('seed').value = {Seed}");
    await page.ClickAsync("#generate");
    await page.WaitForFunctionAsync("() => document.getElementById('status').textContent.includes('generated')");
    await Expect("there is a frame for every pass", "document.querySelectorAll('#passes canvas').length === restok.generator.about.passes.length");
    await page.EvaluateExpressionAsync("document.getElementById('edit').click()");
    await page.WaitForFunctionAsync($"() => document.getElementById('used').textContent.startsWith('{tokenCount} of')");
    using (ImageGenerator generator = ImageGenerator.Load(Path.Combine(folder, "generator")))
    using (torch.Tensor drawn = generator.Generate(new([Class]), SamplingOptions.Official with { Seed = Seed }))
    {
        long[] given = drawn.data<long>().ToArray(), found = await page.EvaluateExpressionAsync<long[]>("[...document.querySelectorAll('#tokens span')].map(chip => Number(chip.textContent))");
        if (!given.SequenceEqual(found))
            Fail($"Generated tokens differ from the library's: {string.Join(' ', found)} against {string.Join(' ', given)}.");
        else
            Console.WriteLine($"Generating: {found.Length} of {given.Length} tokens are the library's.");
    }
    Console.WriteLine(await Text("status"));
    await page.ScreenshotAsync(Path.Combine(output, "onnx-page.png"));

    // What is no image is explained.
    string text = Path.Combine(output, "no-image.txt");
    File.WriteAllText(text, "hello");
    await (await page.QuerySelectorAsync("#file")).UploadFileAsync(Path.GetFullPath(text));
    await page.WaitForFunctionAsync("() => document.getElementById('fault').textContent.includes('no image')");
    Console.WriteLine($"The page works. See {Path.Combine(output, "onnx-page.png")}.");

    async Task Expect(string what, string script)
    {
        if (!await page.EvaluateExpressionAsync<bool>(script))
            Fail($"Not so: {what}. {await Text("fault")}");
    }

    async Task<string> Text(string id) => await page.EvaluateExpressionAsync<string>($"document.getElementById('{id}').textContent");

    async Task<string> Image(string id) => await page.EvaluateExpressionAsync<string>($"document.getElementById('{id}').toDataURL()");
}
finally
{
    server.Kill();
    models.Delete(recursive: true);
}
return Environment.ExitCode;

static void Fail(string message)
{
    Console.Error.WriteLine(message);
    Environment.ExitCode = 1;
}
