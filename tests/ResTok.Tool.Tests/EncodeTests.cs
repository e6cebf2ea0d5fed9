using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;

namespace ResTok.Tool.Tests;

public sealed class EncodeTests : IDisposable
{
    private readonly DataSet data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Folders_shards_and_lists_give_the_tokens_that_the_pipeline_gives()
    {
        string folder = data.Classes("images", ("ants", 3), ("bees", 4));
        Restok.Succeed("encode", folder, "-o", data.PathOf("folder.parquet"), "--batch", "4");
        (string? Id, int? Label, int View, string Tokens)[] rows = Restok.Rows(data.PathOf("folder.parquet"));
        Assert.Equal(["ants/0000.jpg", "ants/0001.jpg", "ants/0002.jpg", "bees/0003.jpg", "bees/0004.jpg", "bees/0005.jpg", "bees/0006.jpg"], rows.Select(row => row.Id));
        Assert.Equal([0, 0, 0, 1, 1, 1, 1], rows.Select(row => row.Label));

        var ml = new MLContext(seed: 1);
        using ResTokTokenizer tokenizer = ResTokTokenizer.Demo();
        IDataView paths = ml.Data.LoadFromEnumerable(rows.Select(row => new PathRow { Path = Path.Combine(folder, row.Id!) }));
        IEnumerable<string> expected = ml.Transforms.ResTokLoadImages("Image", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer))
            .Fit(paths).Transform(paths).GetColumn<int[]>("Tokens").Select(tokens => string.Join(' ', tokens));
        Assert.Equal(expected, rows.Select(row => row.Tokens));

        Restok.Succeed("encode", data.Tar("a.tar", 0, 7), "-o", data.PathOf("tar.parquet"), "--batch", "4");
        Restok.Succeed("encode", data.Parquet("b.parquet", 0, 7), "-o", data.PathOf("parquet.parquet"), "--batch", "4");
        (int code, _, string error) = Restok.RunWith(
            string.Concat(rows.Select((row, i) => $"{Path.Combine(folder, row.Id!)}\t{i % 11}\n")), "encode", "-", "-o", data.PathOf("list.parquet"), "--batch", "4");
        Assert.True(code == 0, error);
        foreach (string name in new[] { "tar", "parquet", "list" })
        {
            var others = Restok.Rows(data.PathOf(name + ".parquet"));
            Assert.Equal(rows.Select(row => row.Tokens), others.Select(row => row.Tokens));
            Assert.Equal(Enumerable.Range(0, 7).Select(i => (int?)(i % 11)), others.Select(row => row.Label));
        }
        Assert.Contains("7 rows", Restok.Succeed("info", data.PathOf("tar.parquet")));
        Assert.Contains("restok.model_sha256", Restok.Succeed("info", data.PathOf("tar.parquet")));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Damaged_inputs_are_listed_by_name_and_left_out_or_end_the_run_if_they_are_to()
    {
        string folder = data.Classes("images", ("a", 4));
        File.WriteAllBytes(data.PathOf("images", "a", "0001.jpg"), DataSet.Image(1)[..300]);
        File.WriteAllText(data.PathOf("images", "a", "0002.jpg"), "no image");
        (int code, string output, string error) = Restok.Run("encode", folder, "-o", data.PathOf("t.parquet"));
        Assert.True(code == 0, error);
        Assert.Contains("a/0001.jpg", error);
        Assert.Contains("a/0002.jpg", error);
        Assert.Contains("2 inputs were not usable", error);
        Assert.Equal(["a/0000.jpg", "a/0003.jpg"], Restok.Rows(data.PathOf("t.parquet")).Select(row => row.Id));

        (code, output, error) = Restok.Run("encode", folder, "-o", data.PathOf("failed.parquet"), "--on-invalid", "Fail");
        Assert.Equal(1, code);
        Assert.Contains("a/0001.jpg", error);
        Assert.Empty(Directory.GetFiles(data.Folder, "failed*"));

        byte[] tar = File.ReadAllBytes(data.Tar("whole.tar", 0, 6));
        File.WriteAllBytes(data.PathOf("cut.tar"), tar[..(tar.Length / 2)]);
        (code, output, error) = Restok.Run("encode", data.PathOf("cut.tar"), "-o", data.PathOf("cut.parquet"));
        Assert.True(code == 0, error);
        Assert.Contains("cut.tar", error);
        Assert.InRange(Restok.Rows(data.PathOf("cut.parquet")).Length, 1, 5);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void What_cannot_be_written_is_an_error_and_leaves_nothing()
    {
        string folder = data.Classes("images", ("a", 2));
        File.WriteAllText(data.PathOf("file"), "");
        (int code, _, string error) = Restok.Run("encode", folder, "-o", data.PathOf("file", "t.parquet"));
        Assert.Equal(1, code);
        Assert.StartsWith("restok: ", error);
        Assert.DoesNotContain("   at ", error);
        (code, _, error) = Restok.Run("encode", data.PathOf("nowhere"), "-o", data.PathOf("t.parquet"));
        Assert.Equal(1, code);
        Assert.Contains("nowhere", error);
        if (!OperatingSystem.IsLinux())
            return;
        // As a full disk: no file may grow beyond a kilobyte.
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "bash", ["-c", $"trap '' XFSZ; ulimit -f 1; DOTNET_EnableWriteXorExecute=0 exec dotnet '{Restok.Program}' encode '{folder}' -o '{data.PathOf("full.parquet")}'"]) { RedirectStandardError = true })!;
        error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("full.parquet", error);
        Assert.Empty(Directory.GetFiles(data.Folder, "full*"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Ten_views_come_in_the_references_order_and_layout()
    {
        string folder = data.Classes("images", ("a", 2), ("b", 1));
        Restok.Succeed("extract", folder, "-o", data.PathOf("ten.parquet"));
        (string? Id, int? Label, int View, string Tokens)[] rows = Restok.Rows(data.PathOf("ten.parquet"));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => i % 10), rows.Select(row => row.View));
        Assert.Equal(3, rows.Select(row => row.Id).Distinct().Count());
        Restok.Succeed("extract", folder, "-o", data.PathOf("codes"), "--format", "Npy", "--dataset", "small");
        for (int image = 0; image < 3; image++)
        {
            byte[] codes = File.ReadAllBytes(data.PathOf("codes", "small64_codes", $"{image}.npy")), label = File.ReadAllBytes(data.PathOf("codes", "small64_labels", $"{image}.npy"));
            int count = rows[0].Tokens.Split(' ').Length;
            Assert.Contains($"'shape': (10, {count})", System.Text.Encoding.ASCII.GetString(codes[..128]));
            long[] values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(codes.AsSpan(codes.Length - 80 * count)).ToArray();
            Assert.Equal(string.Join(' ', rows.Skip(10 * image).Take(10).Select(row => row.Tokens)), string.Join(' ', values));
            Assert.Contains("'shape': ()", System.Text.Encoding.ASCII.GetString(label[..128]));
            Assert.Equal((long)rows[10 * image].Label!, BitConverter.ToInt64(label.AsSpan(label.Length - 8)));
        }
        Assert.Equal(rows.Select(row => row.Id).Distinct(), File.ReadAllLines(data.PathOf("codes", "small64_ids.txt")));
        Assert.Equal(7, Directory.GetFiles(data.PathOf("codes"), "*", SearchOption.AllDirectories).Length); // three of each kind, and the ids
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }
}
