using System.IO.Compression;
using System.Text.Json.Nodes;
using ResTok.Models.Evaluation;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

public class NpzFileTests
{
    private static readonly string Folder = Path.Combine(TestData.Root, "golden", "evaluation", "npz");

    [Theory]
    [InlineData("samples.npz", 1)]
    [InlineData("samples.npz", 64)]
    [InlineData("compressed.npz", 2)]
    [InlineData("fortran_order.npz", 2)]
    [InlineData("reference.npz", 64)]
    public void Images_are_read_in_any_order_and_batch(string file, int batch)
    {
        JsonNode wanted = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "npz.json")))!["arr_0"]!;
        using var scope = NewDisposeScope();
        Tensor images = cat([.. NpzFile.ReadImages(Path.Combine(Folder, file), batch).Select(images => images.clone())]);
        long[] shape = [.. wanted["shape"]!.AsArray().Select(axis => (long)axis!)];
        Assert.Equal([shape[0], 3, shape[1], shape[2]], images.shape);
        Assert.Equal((long)wanted["sum"]!, images.to(ScalarType.Int64).sum().item<long>());
        Assert.Equal(wanted["pixel_0_0_0"]!.AsArray().Select(value => (byte)value!), images[0, .., 0, 0].contiguous().data<byte>().ToArray());
        Assert.Equal(wanted["pixel_2_15_23"]!.AsArray().Select(value => (byte)value!), images[2, .., 15, 23].contiguous().data<byte>().ToArray());
    }

    [Fact]
    public void Statistics_are_read_in_either_float_format()
    {
        JsonNode wanted = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "npz.json")))!["reference"]!;
        string path = Path.Combine(Folder, "reference.npz");
        using Tensor? mean = NpzFile.Read(path, "mu"), covariance = NpzFile.Read(path, "sigma");
        Assert.Equal((ScalarType.Float32, ScalarType.Float64), (mean!.dtype, covariance!.dtype));
        Assert.Equal(wanted["mu"]!.AsArray().Select(value => (float)(double)value!), mean.data<float>().ToArray());
        Assert.Equal(wanted["sigma"]!.AsArray().SelectMany(row => row!.AsArray()).Select(value => (double)value!), covariance.data<double>().ToArray());
        Assert.Null(NpzFile.Read(Path.Combine(Folder, "samples.npz"), "mu"));
    }

    [Fact]
    public void What_is_written_is_read_back_and_too_few_images_leave_no_file()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        Tensor images = randint(0, 256, [5, 3, 8, 6], ScalarType.Byte);
        NpzFile.WriteImages(folder["a.npz"], 5, (8, 6), images.split(2));
        Assert.True(cat([.. NpzFile.ReadImages(folder["a.npz"], 3).Select(batch => batch.clone())]).Equals(images));
        Assert.Throws<ArgumentException>(() => NpzFile.WriteImages(folder["b.npz"], 6, (8, 6), images.split(2)));
        Assert.Throws<ArgumentException>(() => NpzFile.WriteImages(folder["b.npz"], 5, (6, 8), images.split(2)));
        Assert.Equal(["a.npz"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Other_files_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        byte[] good = File.ReadAllBytes(Path.Combine(Folder, "samples.npz"));
        File.WriteAllBytes(folder["cut.npz"], good[..(good.Length / 2)]);
        Assert.Contains("cut.npz", Refused("cut.npz"), StringComparison.Ordinal);
        Write("other.npz", "arr_1.npy", [1, 2]);
        Assert.Contains("no arr_0", Refused("other.npz"), StringComparison.Ordinal);
        Write("text.npz", "arr_0.npy", "not an array of any kind"u8.ToArray());
        Assert.Contains("no array of numpy", Refused("text.npz"), StringComparison.Ordinal);
        Write("object.npz", "arr_0.npy", Array("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"));
        Assert.Contains("'|O'", Refused("object.npz"), StringComparison.Ordinal);
        Write("floats.npz", "arr_0.npy", Array("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2, 3), }"));
        Assert.Contains("uint8 [N, H, W, 3]", Refused("floats.npz"), StringComparison.Ordinal);
        Write("short.npz", "arr_0.npy", Array("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 2, 2, 3), }"));
        Assert.Contains("cut short", Refused("short.npz"), StringComparison.Ordinal);
        Write("huge.npz", "arr_0.npy", Array("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 99999999, 99999, 3), }"));
        Assert.Contains("more than can be read at once", Refused("huge.npz"), StringComparison.Ordinal);

        string Refused(string file) => Assert.Throws<InvalidDataException>(() => NpzFile.ReadImages(folder[file], 64).Count()).Message;

        void Write(string file, string entry, byte[] content)
        {
            using ZipArchive zip = ZipFile.Open(folder[file], ZipArchiveMode.Create);
            using Stream stream = zip.CreateEntry(entry).Open();
            stream.Write(content);
        }

        static byte[] Array(string head) => [0x93, .. "NUMPY"u8, 1, 0, (byte)head.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(head)];
    }
}
