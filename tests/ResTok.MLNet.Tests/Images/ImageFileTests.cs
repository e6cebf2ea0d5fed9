using Microsoft.ML;
using Microsoft.ML.Data;
using SkiaSharp;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>What image files come to through ML.NET's LoadImages.</summary>
public sealed class ImageFileTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer model = CreateModel();
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose()
    {
        model.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Files_of_sixteen_bits_grey_and_several_frames_are_encoded()
    {
        File.WriteAllBytes(Path.Combine(folder, "deep.png"), TestPng.Write(40, 36, depth: 16, colour: 2));
        File.WriteAllBytes(Path.Combine(folder, "grey.png"), TestPng.Write(40, 36, depth: 8, colour: 0));
        const string Frame = "21F9040400000000" + "2C00000000010001000002024401" + "00";
        File.WriteAllBytes(Path.Combine(folder, "moving.gif"), Convert.FromHexString("474946383961" + "0100010080" + "0000" + "000000FFFFFF" + Frame + Frame + "3B"));
        Assert.Equal(3, Encode("deep.png", "grey.png", "moving.gif").GetColumn<int[]>("Tokens").Count());
    }

    [Fact]
    public void Cmyk_becomes_rgb()
    {
        // A JPEG of one block, 8×8: one coefficient for each of four inks, which Adobe's marker says are inverted. Full magenta and yellow.
        byte[] table = [8, .. Enumerable.Repeat((byte)1, 63)], dc = new byte[16], ac = new byte[16];
        (dc[1], ac[0]) = (3, 1); // three codes of two bits, one of one bit
        byte[] components = [1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0];
        File.WriteAllBytes(Path.Combine(folder, "cmyk.jpg"),
        [
            0xff, 0xd8,
            .. Segment(0xee, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]),
            .. Segment(0xdb, [0, .. table]),
            .. Segment(0xc0, [8, 0, 8, 0, 8, 4, .. components]),
            .. Segment(0xc4, [0, .. dc, 7, 8, 0]),
            .. Segment(0xc4, [0x10, .. ac, 0]),
            .. Segment(0xda, [4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]),
            0x3f, 0x97, 0xf2, 0xfe, 0x3f, 0xbf, // cyan +127, magenta and yellow -128, black +127
            0xff, 0xd9,
        ]);
        using (MLImage image = MLImage.CreateFromFile(Path.Combine(folder, "cmyk.jpg")))
        {
            byte[] rgb = ResTokImages.Rgb(image);
            Assert.InRange(rgb[0], 200, 255);
            Assert.InRange(rgb[1], 0, 60);
            Assert.InRange(rgb[2], 0, 60);
        }
        Assert.Single(Encode("cmyk.jpg").GetColumn<int[]>("Tokens"));

        static byte[] Segment(byte marker, byte[] body) => [0xff, marker, (byte)(body.Length + 2 >> 8), (byte)(body.Length + 2), .. body];
    }

    [Fact]
    public void An_image_that_no_array_holds_is_refused_by_its_size()
    {
        Assert.Contains("30000 x 30000", Assert.Throws<ArgumentException>(() => ResTokImages.CheckSize(30_000, 30_000)).Message, StringComparison.Ordinal);
        ResTokImages.CheckSize(23_000, 23_000);
    }

    [Fact]
    public void Orientation_tags_are_not_followed()
    {
        using var bitmap = new SKBitmap(40, 36);
        bitmap.Erase(SKColors.Red);
        using SKData jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        byte[] bytes = jpeg.ToArray();
        byte[] turn = [0xff, 0xe1, 0, 34, .. "Exif\0\0"u8, .. "MM\0*\0\0\0\b"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]; // a quarter turn
        string file = Path.Combine(folder, "turned.jpg");
        File.WriteAllBytes(file, [.. bytes[..2], .. turn, .. bytes[2..]]);
        using MLImage image = MLImage.CreateFromFile(file);
        Assert.Equal((40, 36), (image.Width, image.Height));
    }

    [Fact]
    public void Damaged_truncated_and_absent_files_fail_by_row_or_are_missing()
    {
        byte[] whole = TestPng.Write(40, 36, depth: 8, colour: 2);
        File.WriteAllBytes(Path.Combine(folder, "whole.png"), whole);
        File.WriteAllBytes(Path.Combine(folder, "cut.png"), whole[..20]);
        File.WriteAllBytes(Path.Combine(folder, "broken.png"), [1, 2, 3]);
        foreach (string bad in new[] { "cut.png", "broken.png", "absent.png" })
        {
            Assert.Contains("Column 'Image' has no readable image in row 1", Assert.Throws<InvalidOperationException>(() => Encode("whole.png", bad).GetColumn<int[]>("Tokens").Count()).Message, StringComparison.Ordinal);
            uint[][] tokens = [.. Encode(new ResTokEncodingEstimator.Options { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing }, "whole.png", bad, "whole.png").GetColumn<uint[]>("Tokens")];
            Assert.Equal([false, true, false], tokens.Select(row => row.All(key => key == 0)));
        }
    }

    private IDataView Encode(params string[] files) => Encode(new ResTokEncodingEstimator.Options(), files);

    private IDataView Encode(ResTokEncodingEstimator.Options options, params string[] files)
    {
        IDataView data = ml.Data.LoadFromEnumerable(files.Select(file => new Named { Path = file }));
        return ml.Transforms.LoadImages("Image", folder, "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", model, options)).Fit(data).Transform(data);
    }

    private sealed class Named
    {
        public string Path { get; set; } = "";
    }
}
