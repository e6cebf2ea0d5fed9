using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Images;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Image files through ResTokLoadImages, and what is mended behind LoadImages.</summary>
public sealed class ImageReadingTests : IDisposable
{
    private static readonly string Images = Path.Combine(AppContext.BaseDirectory, "Data", "images");

    private readonly MLContext ml = new(seed: 1);
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>How many bytes of a file Pillow needs to read it.</summary>
    public static TheoryData<string, int> FirstWhole => new()
    {
        { "base.jpg", 1372 }, { "prog.jpg", 1240 }, { "cmyk.jpg", 2417 }, { "rgb.png", 4247 }, { "split.png", 7612 }, { "lossy.webp", 1122 }, { "lossless.webp", 3244 },
        { "alpha.webp", 1184 }, { "anim.webp", 2624 }, { "rgb.bmp", 7974 }, { "pal.gif", 3757 }, { "i.ico", 2948 },
    };

    public static TheoryData<string, string> Foreign => new()
    {
        { "00000018 66747970 68656963 00000000 6d696631 68656963", "a HEIC" },
        { "00000018 66747970 6d696631 00000000 6d696631 68656963", "a HEIC" },
        { "00000018 66747970 61766966 00000000 61766966 6d696631", "an AVIF" },
        { "0000001c 66747970 6d696631 00000000 6d696631 61766966 4d413142", "an AVIF" },
        { "00000018 66747970 69736f6d 00000200 69736f6d 61766331", "a video" },
        { "49492a00 08000000 0000", "a TIFF" }, { "4d4d002a 00000008 0000", "a TIFF" }, { "49492b00 08000000 0000", "a TIFF" },
        { "0000000c 6a502020 0d0a870a 00000014", "a JPEG 2000" }, { "ff4fff51 002f0000", "a JPEG 2000" },
        { "0000000c 4a584c20 0d0a870a 00000014", "a JPEG XL" }, { "ff0a0000 00000000", "a JPEG XL" },
        { "25504446 2d312e37 0a", "a PDF" }, { "38425053 00010000 0000", "a Photoshop document" }, { "50360a34 20340a32 35350a", "a PBM, PGM or PPM" },
        { Hex("<svg xmlns='http://www.w3.org/2000/svg'/>"), "an SVG" }, { Hex("<?xml version='1.0'?>\n<svg/>"), "an SVG" },
        { Hex("\r\n<!DOCTYPE html><html>"), "an HTML page" }, { Hex("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"), "git lfs pull" },
        { Hex("no image"), "no image of a format" }, { "89504e47 0d0a1a0a 0000", "a PNG with a damaged head" }, { "ffd8ffe0", "a JPEG with a damaged head" }, { "", "is empty" },
    };

    public static TheoryData<string> Whole => [.. Directory.GetFiles(Path.Combine(Images, "whole"), "*.rgb").Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(Whole))]
    public void Pixels_are_those_of_Pillow(string expected)
    {
        bool isTurned = expected.EndsWith(".turned.rgb", StringComparison.Ordinal);
        byte[] rgb = File.ReadAllBytes(Path.Combine(Images, "whole", expected));
        using MLImage image = ResTokImages.Load(Path.Combine(Images, "whole", expected.Replace(isTurned ? ".turned.rgb" : ".rgb", "", StringComparison.Ordinal)), new() { FollowOrientation = isTurned });
        Assert.Equal((BitConverter.ToInt32(rgb), BitConverter.ToInt32(rgb, 4)), (image.Width, image.Height));
        Assert.Equal(rgb[8..], ResTokImages.Rgb(image));
        for (int i = 3; i < image.Pixels.Length; i += 4)
            Assert.Equal(255, image.Pixels[i]);
    }

    [Theory]
    [MemberData(nameof(FirstWhole))]
    public void A_file_that_is_cut_anywhere_is_read_whole_or_not_at_all(string name, int firstWhole)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Images, "cut", name));
        using MLImage whole = ResTokImages.Load(file);
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            if (length < firstWhole)
            {
                Assert.Throws<InvalidDataException>(() => ResTokImages.Load(cut).Dispose());
                continue;
            }
            try
            {
                using MLImage image = ResTokImages.Load(cut);
                Assert.True(whole.Pixels.SequenceEqual(image.Pixels), $"{name} of {length} bytes is another image.");
            }
            catch (InvalidDataException)
            {
                // Not at all.
            }
        }
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Other_formats_are_named(string hexadecimal, string name)
    {
        byte[] content = Convert.FromHexString(hexadecimal.Replace(" ", "", StringComparison.Ordinal));
        Assert.Contains(name, Assert.Throws<InvalidDataException>(() => ResTokImages.Load(content).Dispose()).Message, StringComparison.Ordinal);
        File.WriteAllBytes(Path.Combine(folder, "photo"), content);
        string message = Assert.Throws<InvalidOperationException>(() => Load(new(), "photo")).Message;
        Assert.Contains("Column 'Path' has no readable image in row 0: '" + Path.Combine(folder, "photo"), message, StringComparison.Ordinal);
        if (name.StartsWith('a') && !name.EndsWith("head", StringComparison.Ordinal) && name != "an HTML page")
            Assert.Contains("PNG, JPEG, WebP, BMP, GIF and ICO", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_size_is_known_before_memory_is_taken()
    {
        // 60,000 × 60,000 pixels are 14 GB, which no machine of a test has to spare.
        File.WriteAllBytes(Path.Combine(folder, "bomb.png"), TestPng.Write(60_000, 60_000, rows: 0));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        string message = Assert.Throws<InvalidDataException>(() => ResTokImages.Load(Path.Combine(folder, "bomb.png")).Dispose()).Message;
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1 << 20);
        Assert.Contains("60000 x 60000 pixels, but at most 178956970", message, StringComparison.Ordinal);

        byte[] small = TestPng.Write(40, 30);
        Assert.Contains("at most 1199", Assert.Throws<InvalidDataException>(() => ResTokImages.Load(small, new() { MostPixels = 1199 }).Dispose()).Message, StringComparison.Ordinal);
        ResTokImages.Load(small, new() { MostPixels = 1200 }).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ResTokLoadImages("Image", "Path", options: new() { MostPixels = 0 }));
    }

    [Fact]
    public void Folders_pipes_devices_and_absent_files_are_unreadable_rows()
    {
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.WriteAllBytes(Path.Combine(folder, "good.png"), TestPng.Write(40, 30));
        File.WriteAllBytes(Path.Combine(folder, "empty.png"), []);
        File.CreateSymbolicLink(Path.Combine(folder, "link.png"), "good.png");
        File.CreateSymbolicLink(Path.Combine(folder, "nowhere.png"), "absent.png");
        List<string> bad = ["sub", ".", "empty.png", "absent.png", "absent/x.png", "nowhere.png", "", "a\0b"];
        if (!OperatingSystem.IsWindows())
        {
            System.Diagnostics.Process.Start("mkfifo", Path.Combine(folder, "pipe.png")).WaitForExit();
            bad.AddRange(["pipe.png", "/dev/zero", "/dev/null"]);
        }
        MLImage?[] images = Load(new() { OnInvalidRow = InvalidRowHandling.Missing }, ["good.png", .. bad, "link.png"]);
        Assert.Equal([true, .. bad.Select(_ => false), true], images.Select(image => image is not null));
        foreach (string file in bad)
            Assert.Contains("in row 1", Assert.Throws<InvalidOperationException>(() => Load(new(), "good.png", file)).Message, StringComparison.Ordinal);
        foreach (MLImage? image in images)
            image?.Dispose();
    }

    [Fact]
    public void Contents_of_files_are_read_as_the_files()
    {
        byte[] good = TestPng.Write(40, 30);
        IDataView data = ml.Data.LoadFromEnumerable(new[] { good, good[..^40], [] }.Select(bytes => new Content { Bytes = bytes }));
        MLImage?[] images = Read(ml.Transforms.ResTokLoadImages("Image", "Bytes", options: new() { OnInvalidRow = InvalidRowHandling.Missing }).Fit(data).Transform(data));
        Assert.Equal([true, false, false], images.Select(image => image is not null));
        using MLImage whole = ResTokImages.Load(good);
        Assert.True(whole.Pixels.SequenceEqual(images[0]!.Pixels));
        images[0]!.Dispose();

        File.WriteAllBytes(Path.Combine(folder, "good.png"), good);
        IDataView paths = Paths("good.png");
        using MLImage raw = Read(ml.Transforms.LoadRawImageBytes("Bytes", folder, "Path").Append(ml.Transforms.ResTokLoadImages("Image", "Bytes")).Fit(paths).Transform(paths))[0]!;
        Assert.True(whole.Pixels.SequenceEqual(raw.Pixels));
        Assert.Contains("must hold paths", Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ResTokLoadImages("Image", "Id").Fit(ml.Data.LoadFromEnumerable(PipelineData.Rows(1)))).Message, StringComparison.Ordinal);
        Assert.Contains("no column 'Nope'", Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ResTokLoadImages("Image", "Nope").Fit(paths)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_saved_and_encodes_trains_and_predicts()
    {
        using ResTokTokenizer model = CreateModel();
        File.WriteAllBytes(Path.Combine(folder, "a.png"), TestPng.Write(40, 30));
        File.WriteAllBytes(Path.Combine(folder, "cut.png"), TestPng.Write(40, 30)[..^40]);
        IDataView data = Paths("a.png", "cut.png", "a.png");
        var missing = InvalidRowHandling.Missing;
        var pipeline = ml.Transforms.ResTokLoadImages("Image", "Path", folder, new() { MostPixels = 5000, FollowOrientation = true, OnInvalidRow = missing })
            .Append(ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { TokensAsKeys = true, OnInvalidRow = missing }));
        using var fitted = pipeline.Fit(data);
        uint[][] tokens = [.. fitted.Transform(data).GetColumn<uint[]>("Tokens")];
        Assert.Equal([false, true, false], tokens.Select(row => row[0] == 0));

        string zip = Path.Combine(folder, "pipeline.zip");
        ml.Model.Save(fitted, data.Schema, zip);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        Assert.Equal(tokens, loaded.Transform(data).GetColumn<uint[]>("Tokens"));
        Assert.Equal(3, loaded.Transform(data).Preview().RowView.Length);
        using PredictionEngine<Named, Keys> engine = ml.Model.CreatePredictionEngine<Named, Keys>(loaded);
        Assert.Equal(tokens[0], engine.Predict(new() { Path = "a.png" }).Tokens);
        Assert.Equal(0u, engine.Predict(new() { Path = "cut.png" }).Tokens[0]);
        Assert.Equal(tokens[0], engine.Predict(new() { Path = "a.png" }).Tokens);

        using var trained = ml.Transforms.ResTokLoadImages("Image", "Path", folder, new() { OnInvalidRow = missing }).Append(ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
        {
            Config = TinyModels.Tokenizer, OnInvalidRow = missing, Training = new() { Steps = 1, BatchSize = 2 },
        })).Fit(data);
    }

    [Theory]
    [MemberData(nameof(FirstWhole))]
    public void Behind_LoadImages_a_file_that_is_cut_short_is_an_unreadable_row(string name, int firstWhole)
    {
        using ResTokTokenizer model = CreateModel();
        byte[] file = File.ReadAllBytes(Path.Combine(Images, "cut", name));
        File.WriteAllBytes(Path.Combine(folder, "whole" + Path.GetExtension(name)), file);
        string[] cuts = [.. new[] { 2, 4, 6, 8 }.Select(tenths => firstWhole * tenths / 10).Append(firstWhole - 1).Select(length =>
        {
            string cut = $"cut{length}{Path.GetExtension(name)}";
            File.WriteAllBytes(Path.Combine(folder, cut), file[..length]);
            return cut;
        })];
        IDataView data = Paths([cuts[0], "whole" + Path.GetExtension(name), .. cuts[1..]]);
        ResTokEncodingEstimator.Options options = new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing };
        IDataView view = ml.Transforms.LoadImages("Image", folder, "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", model, options)).Fit(data).Transform(data);
        Assert.Equal([true, false, true, true, true, true], view.GetColumn<uint[]>("Tokens").Select(row => row.All(key => key == 0)));
        Assert.Equal([true, false, true, true, true, true], view.Preview().RowView.Select(row => row.Values.Single(pair => pair.Key == "Image").Value is null));
        IDataView failing = ml.Transforms.LoadImages("Image", folder, "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", model)).Fit(data).Transform(Paths(cuts[^1]));
        Assert.Contains("Column 'Image' has no readable image in row 0", Assert.Throws<InvalidOperationException>(() => failing.GetColumn<int[]>("Tokens").Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Behind_LoadImages_a_file_of_another_format_is_named_where_views_are_read()
    {
        using ResTokTokenizer model = CreateModel();
        File.WriteAllBytes(Path.Combine(folder, "photo.heic"), Convert.FromHexString("0000001866747970686569630000000068656963"));
        File.WriteAllBytes(Path.Combine(folder, "good.png"), TestPng.Write(40, 30));
        IDataView data = ml.Data.TakeRows(Paths("good.png", "photo.heic"), 2);
        IEstimator<ITransformer> load = ml.Transforms.LoadImages("Image", folder, "Path");
        var encode = load.Append(ml.Transforms.ResTokEncode("Tokens", "Image", model));
        string expected = $"Column 'Image' has no readable image in row 1: '{Path.Combine(folder, "photo.heic")}' is a HEIC, which cannot be read. Convert it to one of PNG, JPEG, WebP";
        IDataView view = encode.Fit(data).Transform(data), twice = encode.Append(ml.Transforms.ResTokEncode("Again", "Image", model)).Fit(data).Transform(data);
        AssertNamed(() => view.GetColumn<int[]>("Tokens").Count());
        AssertNamed(() => view.Preview());
        AssertNamed(() => view.GetColumn<MLImage>("Image").Count());
        AssertNamed(() => twice.GetColumn<int[]>("Again").Count());
        AssertNamed(() => load.Append(ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Training = new() { Steps = 1, BatchSize = 2 } })).Fit(data));

        // Where another column has taken the name since, nothing is said of it.
        IDataView renamed = load.Append(ml.Transforms.CopyColumns("Path", "Other")).Append(ml.Transforms.ResTokEncode("Tokens", "Image", model)).Fit(data).Transform(data);
        Assert.DoesNotContain("HEIC", Assert.Throws<InvalidOperationException>(() => renamed.GetColumn<int[]>("Tokens").Count()).Message, StringComparison.Ordinal);

        void AssertNamed(Action action) => Assert.StartsWith(expected, Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rgba.png")]
    [InlineData("rgba.webp")]
    [InlineData("ptrns.gif")]
    [InlineData("ptrns.png")]
    [InlineData("rgba.ico")]
    public void Transparency_is_dropped_also_of_what_LoadImages_read(string name)
    {
        string path = Path.Combine(Images, "whole", name);
        byte[] expected = File.ReadAllBytes(path + ".rgb")[8..];
        IDataView data = Paths(path);
        using MLImage blended = Read(ml.Transforms.LoadImages("Image", "", "Path").Fit(data).Transform(data))[0]!;
        Assert.Equal(expected, ResTokImages.Rgb(blended));
        using MLImage copy = ImageFile.Copy(blended);
        Assert.Equal(expected, ResTokImages.Rgb(copy));

        using MLImage other = MLImage.CreateFromPixels(blended.Width, blended.Height, MLPixelFormat.Rgba32, [.. Enumerable.Repeat((byte)100, blended.Pixels.Length)]);
        other.Tag = path; // which it is not of
        Assert.All(ResTokImages.Rgb(other), value => Assert.Equal(100, value));
    }

    private IDataView Paths(params string[] files) => ml.Data.LoadFromEnumerable(files.Select(file => new Named { Path = file }));

    private MLImage?[] Load(ResTokImageLoadingEstimator.Options options, params string[] files)
    {
        IDataView data = Paths(files);
        return Read(ml.Transforms.ResTokLoadImages("Image", "Path", folder, options).Fit(data).Transform(data));
    }

    private static MLImage?[] Read(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Image"]]);
        ValueGetter<MLImage> getter = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        var images = new List<MLImage?>();
        while (cursor.MoveNext())
        {
            MLImage image = null!;
            getter(ref image);
            images.Add(image is null ? null : ImageFile.Copy(image)); // the last is disposed with the cursor
        }
        return [.. images];
    }

    private static string Hex(string text) => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text));

    private sealed class Named
    {
        public string Path { get; set; } = "";

        public string Other { get; set; } = "other.png";
    }

    private sealed class Content
    {
        public byte[] Bytes { get; set; } = [];
    }

    private sealed class Keys
    {
        [VectorType(16), KeyType(64)]
        public uint[] Tokens { get; set; } = [];
    }
}
