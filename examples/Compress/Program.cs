// Images to a few dozen bytes and back, beside JPEG. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var modelOption = new Option<string?>("--model") { Description = Models.Names };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/compress" };
var searchOption = new Option<int>("--search-steps") { Description = "Steps of the search for tokens that rebuild an image better than the encoder's; 0 for none, which is fastest." };
var imageArgument = new Argument<string[]>("images") { Description = "Images or folders of them; freshly drawn ones if none." };
var command = new RootCommand("Images to packed tokens and back, with PSNR beside JPEG.") { modelOption, outputOption, searchOption, imageArgument };
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        string output = Path.GetFullPath(parsed.GetValue(outputOption)!);
        string[] given = parsed.GetValue(imageArgument)!;
        string[] images = ExamplePictures.Find(given.Length > 0 ? given : [DrawingFolder.Make(Path.Combine(output, "drawings"), first: 1_200_000_000, count: 12)]);
        using ResTokTokenizer restok = await Models.TokenizerAsync(parsed.GetValue(modelOption), cancellation);
        Run(restok, output, images, parsed.GetValue(searchOption));
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(ResTokTokenizer restok, string output, string[] images, int searchSteps)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);
    string[] files = Compress(ml, restok, images, output, searchSteps);
    MLImage[] unpacked = Decompress(ml, restok, files);

    int side = restok.Config.CropSize, raw = 3 * side * side;
    int packed = TokenFile.PackedBytes(restok.Config.LatentTokens, TokenFile.BitsFor(restok.Config.CodebookSize));
    Console.WriteLine($"{side}x{side} images, {raw} bytes each, as {packed} bytes of tokens and {TokenFile.HeaderBytes} of header.");
    Console.WriteLine($"{"",-20}{"tokens",-20}{"JPEG, headers not counted",-56}JPEG of the lowest quality");
    var rows = new List<MLImage[]>();
    var table = new List<double[]>();
    for (int i = 0; i < images.Length; i++)
    {
        using MLImage image = MLImage.CreateFromFile(images[i]);
        MLImage original = ResTokImages.Fit(image, side);
        Jpeg small = Jpeg.Best(original, packed), lowest = Jpeg.Encode(original, side, quality: 0);
        rows.Add([original, unpacked[i], small.Image, lowest.Image]);
        double[] psnr = [.. rows[i].Skip(1).Select(made => Psnr.Of(original, made))];
        table.Add(psnr);
        string how = $"(of {small.Bytes}, {small.Side}x{small.Side}, quality {small.Quality})";
        Console.WriteLine(
            $"{Path.GetFileNameWithoutExtension(images[i]),-20}{psnr[0]:0.00} dB, {packed,3} bytes  {psnr[1]:0.00} dB, {small.ImageBytes,3} bytes {how,-35}{psnr[2]:0.00} dB, {lowest.Bytes} bytes");
    }
    double Mean(int column) => table.Average(row => row[column]);
    Console.WriteLine($"{"mean",-20}{Mean(0),-20:0.00 dB}{Mean(1),-56:0.00 dB}{Mean(2):0.00} dB");
    string comparison = Path.Combine(output, "comparison.png");
    PictureGrid.Save(comparison, rows, [raw, packed, packed, null]);
    foreach (MLImage image in rows.SelectMany(row => row))
        image.Dispose();
    Console.WriteLine($"See {comparison}: the images in the order of this table; the numbers are bytes.");
}

// Images → tokens → files.
static string[] Compress(MLContext ml, ResTokTokenizer restok, string[] images, string output, int searchSteps)
{
    IDataView data = ml.Data.LoadFromEnumerable(images.Select(path => new Image { Path = path }));
    using var encode = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { SearchSteps = searchSteps })).Fit(data);
    int bits = TokenFile.BitsFor(restok.Config.CodebookSize);
    return [.. encode.Transform(data).GetColumn<int[]>("Tokens").Select((tokens, i) =>
    {
        string file = Path.Combine(output, $"{i + 1:00}-{Path.GetFileNameWithoutExtension(images[i])}.restok");
        TokenFile.Write(file, tokens, bits);
        return file;
    })];
}

// Files → tokens → images.
static MLImage[] Decompress(MLContext ml, ResTokTokenizer restok, string[] files)
{
    IDataView data = ml.Data.LoadFromEnumerable(files.Select(file => new Packed { Tokens = TokenFile.Read(file) }));
    using ResTokDecodingTransformer decode = ml.Transforms.ResTokDecode("Image", "Tokens", restok).Fit(data);
    return [.. decode.Transform(data).GetColumn<MLImage>("Image")];
}

internal sealed class Image
{
    public string Path { get; set; } = "";
}

internal sealed class Packed
{
    public int[] Tokens { get; set; } = [];
}
