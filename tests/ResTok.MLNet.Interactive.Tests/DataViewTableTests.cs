using System.Xml.Linq;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using SkiaSharp;

namespace ResTok.MLNet.Interactive.Tests;

public sealed class DataViewTableTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly Row[] rows = [.. Enumerable.Range(0, 12).Select(i => new Row { Id = i, Name = $"<b>{i} & co</b>", Share = i / 3f, Image = Notebook.Noise(i, 200, 100) })];

    private IDataView Data => ml.Data.LoadFromEnumerable(rows);

    public void Dispose() => Array.ForEach(rows, row => row.Image.Dispose());

    [Fact]
    public void Ten_rows_are_shown_and_as_many_as_asked_for()
    {
        Assert.Equal(10, Cells(Data).Length);
        Assert.Equal(3, Cells(Data.ToTable(3)).Length);
        Assert.Equal(12, Cells(Data.ToTable(100)).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => Data.ToTable(0));
    }

    [Theory]
    [InlineData(12, 3, "The first 3 of 12 rows")]
    [InlineData(12, 12, "12 rows")]
    [InlineData(1, 10, "1 row")]
    public void The_caption_says_how_much_is_shown(int rows, int most, string caption) =>
        Assert.Equal(caption, Notebook.Show(ml.Data.LoadFromEnumerable(this.rows[..rows]).ToTable(most)).Element("caption")!.Value);

    [Fact]
    public void Values_of_every_type_are_shown_and_text_is_escaped()
    {
        IDataView data = ml.Transforms.Conversion.MapValueToKey("Key", "Name")
            .Append(ml.Transforms.Conversion.MapValueToKey("Codes", "Numbers")).Fit(Data).Transform(Data);
        XElement table = Notebook.Show(data);
        Assert.Equal(data.Schema.Where(column => !column.IsHidden).Select(column => column.Name), table.Descendants("th").Select(head => head.Nodes().OfType<XText>().First().Value));
        Dictionary<string, string> row = table.Descendants("th").Select(head => head.Nodes().OfType<XText>().First().Value)
            .Zip(Cells(data)[2]).ToDictionary(cell => cell.First, cell => cell.Second.Value);
        Assert.Equal("2", row["Id"]);
        Assert.Equal("<b>2 & co</b>", row["Name"]);
        Assert.Equal("<b>2 & co</b>", row["Key"]);
        Assert.Equal("0.666667", row["Share"]);
        Assert.Equal("True", row["Flag"]);
        Assert.Equal("0, 1, 2, 3, 4, 5, 6, 7, … (20 in all)", row["Numbers"]);
        Assert.Equal(row["Numbers"], row["Codes"]);
    }

    [Fact]
    public void Images_are_shown_small_and_stay_their_owners()
    {
        XElement tag = Cells(Data)[1].Single(cell => cell.Element("img") is not null).Element("img")!;
        using SKBitmap png = Notebook.Image(tag);
        Assert.Equal((128, 64), (png.Width, png.Height));
        Assert.All(rows, row => Assert.Equal(200, row.Image.Width));
    }

    [Fact]
    public void Images_made_for_the_table_are_disposed()
    {
        var fresh = new FreshImages(Data);
        Assert.Equal(10, Cells(fresh).Length);
        Assert.True(fresh.Given.Count >= 10);
        Assert.All(fresh.Given, image => Assert.ThrowsAny<InvalidOperationException>(() => image.Width));
        Assert.All(rows, row => Assert.Equal(200, row.Image.Width));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Category", "Slow")]
    public void The_tokens_of_a_pipeline_are_strips_beside_what_they_decode_to(bool asKeys)
    {
        using ResTokTokenizer restok = ResTokTokenizer.Load(Checkpoint());
        using var model = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { TokensAsKeys = asKeys })
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", restok)).Fit(Data);
        IDataView data = model.Transform(Data);
        int[] tokens = asKeys ? [.. data.GetColumn<uint[]>("Tokens").First().Select(key => (int)key - 1)] : data.GetColumn<int[]>("Tokens").First();
        XElement[] row = Cells(data.ToTable(2))[0];
        string[] shown = [.. row.Single(cell => cell.Element("span") is not null).Descendants("i").Select(cell => cell.Attribute("title")!.Value.Split(": ")[1])];
        Assert.Equal(tokens.Select(token => $"{token}"), shown);
        Assert.Equal(2, row.Count(cell => cell.Element("img") is not null));
    }

    private static XElement[][] Cells(object shown) =>
        [.. Notebook.Show(shown).Element("tbody")!.Elements("tr").Select(row => row.Elements("td").ToArray())];

    private static string Checkpoint() => Path.Combine(Repository.Root, "tests", "ResTok.Models.Tests", "Data", "checkpoints", "tiny", "restok");

    private sealed class Row
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public float Share { get; set; }

        public bool Flag { get; set; } = true;

        [VectorType(20)]
        public int[] Numbers { get; set; } = [.. Enumerable.Range(0, 20)];

        [ImageType(100, 200)]
        public MLImage Image { get; set; } = null!;
    }
}
