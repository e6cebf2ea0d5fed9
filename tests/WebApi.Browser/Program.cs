// Uses the page of examples/WebApi in a real browser as a visitor would, and takes screenshots of it:
//   dotnet run --project tests/WebApi.Browser -c Release -- /usr/bin/chromium out/browser examples/pictures/sunset.png
using Microsoft.AspNetCore.Builder;
using PuppeteerSharp;

if (args is not [string browserPath, string output, string image])
{
    Console.Error.WriteLine("Usage: WebApi.Browser BROWSER OUTPUT IMAGE");
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
// Begun with a sample, rebuilt from all its tokens, and an image that grows to the last pass: nothing is broken before anybody does anything.
await page.SetViewportAsync(new() { Width = 1100, Height = 1000 });
await page.GoToAsync(server.Urls.Single());
await Generated();
await Rebuilt("all");
await page.WaitForFunctionAsync("() => [...document.querySelectorAll('#classes img')].every(image => image.complete && image.naturalWidth > 1)"); // an image for every class
await Expect("no image is broken", "[...document.images].every(image => image.complete && image.naturalWidth > 0)");
await Expect("there is a frame for every pass", "document.querySelectorAll('#passes img').length === Number(/of (\\d+)/.exec(document.getElementById('pass').textContent)[1])");
await Expect("the frames differ", "new Set([...document.querySelectorAll('#passes img')].map(frame => frame.src)).size > 1");
await Expect("a cell stands for every token", "document.querySelectorAll('#tokens i').length === Number(document.getElementById('count').max)");
await Expect("sizes are told in bytes", "/\\d bytes/.test(document.getElementById('givenSize').textContent) && /^[\\d,]+ bytes/.test(document.getElementById('rebuiltSize').textContent)");
await page.ScreenshotAsync(Path.Combine(output, "page-1100.png"), new() { FullPage = true });
string first = await page.EvaluateExpressionAsync<string>("document.getElementById('generated').src");

// The last class of the gallery, and another seed, give other images.
await page.EvaluateExpressionAsync("document.querySelector('#classes li:last-child button').click()");
await Generated();
string second = await page.EvaluateExpressionAsync<string>("document.getElementById('generated').src");
await page.ClickAsync("#another");
await Generated();
if (new[] { first, second, await page.EvaluateExpressionAsync<string>("document.getElementById('generated').src") }.Distinct().Count() < 3)
    Fail("Another class or seed gave the same image.");

// The slider decodes while it moves, and ends where it stands.
string whole = await page.EvaluateExpressionAsync<string>("document.getElementById('rebuilt').src");
await page.EvaluateExpressionAsync("for (const count of [40, 20, 9, 8]) { document.getElementById('count').value = count; document.getElementById('count').dispatchEvent(new Event('input')) }");
await Rebuilt("8 tokens");
await page.WaitForFunctionAsync("whole => document.getElementById('rebuilt').src !== whole && document.getElementById('rebuilt').complete", whole);
await Expect("the cells of the other tokens are pale", "document.querySelectorAll('#tokens i:not(.left)').length === 8");
await page.ScreenshotAsync(Path.Combine(output, "page-8-tokens.png"));

// A file of the visitor's, chosen, and one that is dropped.
IElementHandle file = await page.QuerySelectorAsync("#file");
await file.UploadFileAsync(Path.GetFullPath(image));
long length = new FileInfo(image).Length;
await page.WaitForFunctionAsync("size => document.getElementById('givenSize').textContent.includes(size)", length.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) + " bytes");
await Expect("the image stands beside it", "document.getElementById('given').decode().then(() => document.getElementById('given').naturalWidth > 0)");
await Expect("no sample is marked any more", "document.querySelector('#samples [aria-pressed=true]') === null");
await page.EvaluateFunctionAsync("""
    async () => {
      const ask = window.fetch; // from here on, images come late
      window.late = 0;
      window.fetch = async (address, options) => {
        if (address === '/decode') await new Promise(go => setTimeout(go, 2000));
        const answer = await ask(address, options);
        if (address === '/decode') window.late++;
        return answer;
      };
      const name = (await (await fetch('/model')).json()).samples.at(-1);
      const data = new DataTransfer();
      const blob = await (await fetch('/samples/' + encodeURIComponent(name))).blob();
      window.dropped = blob.size;
      data.items.add(new File([blob], name));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }
    """);
await page.WaitForFunctionAsync("() => document.getElementById('givenSize').textContent.includes(window.dropped.toLocaleString('en') + ' bytes')");

// What is no image is explained, and the explanation stays when the image before it comes late.
string text = Path.Combine(output, "no-image.txt");
File.WriteAllText(text, "hello");
await file.UploadFileAsync(Path.GetFullPath(text));
await page.WaitForFunctionAsync("() => document.getElementById('fault').textContent.includes('no image')");
await page.WaitForFunctionAsync("() => window.late > 0 && document.getElementById('rebuilt').complete");
await Expect("the explanation stays", "document.getElementById('fault').textContent.includes('no image')");

// On a telephone nothing is wider than the screen.
await page.SetViewportAsync(new() { Width = 390, Height = 844 });
await page.ReloadAsync();
await Generated();
await Rebuilt("all");
await Expect("nothing stands over the edge of a small screen", "document.documentElement.scrollWidth <= 390");
await page.ScreenshotAsync(Path.Combine(output, "page-390.png"), new() { FullPage = true });

Console.WriteLine($"The page works. See {Path.Combine(output, "page-1100.png")}.");
return Environment.ExitCode;

// The image of a class is complete.
async Task Generated() => await page.WaitForFunctionAsync(@"() => /^pass (\d+) of \1,/.test(document.getElementById('pass').textContent)");

// The second image of the pair is there, from so many tokens.
async Task Rebuilt(string tokens) =>
    await page.WaitForFunctionAsync("tokens => document.getElementById('rebuilt').naturalWidth > 0 && document.getElementById('counted').textContent === (tokens === 'all' ? document.getElementById('count').max + ' tokens' : tokens)", tokens);

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
