// Uses the page of examples/WebApi in a real browser as a visitor would, and takes pictures of it:
//   dotnet run --project tests/WebApi.Browser -c Release -- /usr/bin/chromium out/browser examples/pictures/sunset.png
using Microsoft.AspNetCore.Builder;
using PuppeteerSharp;

if (args is not [string browserPath, string output, string picture])
{
    Console.Error.WriteLine("Usage: WebApi.Browser BROWSER OUTPUT PICTURE");
    return 2;
}
Directory.CreateDirectory(output);
await using WebApplication server = Api.Build(["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning"]);
await server.StartAsync();
await using IBrowser browser = await Puppeteer.LaunchAsync(new()
{
    ExecutablePath = browserPath,
    Args = ["--no-sandbox"], // it opens only our own page, and containers run it as root
    Timeout = 300_000,
});
await using IPage page = await browser.NewPageAsync();
page.DefaultTimeout = 300_000; // slow machines are no fault of the page
page.PageError += (_, fault) => Fail($"The page's script failed: {fault.Message}");
await page.SetViewportAsync(new() { Width = 900, Height = 1000 });

// It begins with a picture of its own, which grows to the last pass.
await page.GoToAsync(server.Urls.Single());
await page.WaitForFunctionAsync(@"() => /^pass (\d+) of \1,/.test(document.getElementById('pass').textContent)");
await Expect("the status names all tokens", "document.getElementById('pass').textContent.endsWith(', 64 tokens')");
await Expect("there is a frame for every pass", "document.querySelectorAll('#passes img').length === Number(/of (\\d+)/.exec(document.getElementById('pass').textContent)[1])");
await Expect("every frame is a picture", "Promise.all([...document.querySelectorAll('#passes img')].map(frame => frame.decode())).then(() => true)");
await Expect("the frames differ", "new Set([...document.querySelectorAll('#passes img')].map(frame => frame.src)).size > 1");
await Expect("all classes are offered", "document.getElementById('classes').options.length === 11");
string first = await page.EvaluateExpressionAsync<string>("document.getElementById('picture').src");

// Another class and seed give another picture.
await page.SelectAsync("#classes", "6");
await page.EvaluateExpressionAsync("document.getElementById('seed').value = '7', document.getElementById('pass').textContent = ''");
await page.ClickAsync("#generate");
await page.WaitForFunctionAsync(@"() => /^pass (\d+) of \1,/.test(document.getElementById('pass').textContent)");
if (first == await page.EvaluateExpressionAsync<string>("document.getElementById('picture').src"))
    Fail("Another class and seed gave the same picture.");

// A file of the visitor's, whole and from its first 8 tokens.
IElementHandle file = await page.QuerySelectorAsync("#file");
await file.UploadFileAsync(Path.GetFullPath(picture));
await page.WaitForFunctionAsync("() => document.getElementById('rebuilt').naturalWidth === 64");
await Expect("the picture stands beside it", "document.getElementById('given').decode().then(() => document.getElementById('given').naturalWidth > 0)");
await Expect("there are 64 tokens", "document.getElementById('tokens').textContent.split(' ').length === 64");
await page.ScreenshotAsync(Path.Combine(output, "page.png"));
string whole = await page.EvaluateExpressionAsync<string>("document.getElementById('rebuilt').src");
await page.EvaluateExpressionAsync("document.getElementById('count').value = 8, document.getElementById('count').dispatchEvent(new Event('change'))");
await page.WaitForFunctionAsync("whole => document.getElementById('rebuilt').src !== whole", whole);
await Expect("there are 8 tokens", "document.getElementById('tokens').textContent.split(' ').length === 8");
await page.ScreenshotAsync(Path.Combine(output, "page-8-tokens.png"));

// What is no picture is explained.
string text = Path.Combine(output, "no-picture.txt");
File.WriteAllText(text, "hello");
await file.UploadFileAsync(Path.GetFullPath(text));
await page.WaitForFunctionAsync("() => document.getElementById('fault').textContent.includes('no picture')");

Console.WriteLine($"The page works. See {Path.Combine(output, "page.png")}.");
return Environment.ExitCode;

async Task Expect(string what, string script)
{
    if (!await page.EvaluateExpressionAsync<bool>(script))
        Fail($"Not so: {what}.");
}

static void Fail(string message)
{
    Console.Error.WriteLine(message);
    Environment.ExitCode = 1;
}
