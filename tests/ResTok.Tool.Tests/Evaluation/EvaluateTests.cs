using System.Text.Json.Nodes;

namespace ResTok.Tool.Tests.Evaluation;

/// <summary>The verbs that measure, on the demo model and the ResNet-18. That the numbers are right is tested where they are computed.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly DataSet data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Workers_parts_merge_to_what_one_process_finds_and_the_page_shows_it()
    {
        string images = data.Classes("images", ("a", 5), ("b", 4));
        File.WriteAllText(data.PathOf("images", "b", "none.png"), "no image");
        string[] rest = ["evaluate", images, "-g", "demo", "--tokens", "1,64", "-o"];
        string table = Restok.Succeed([.. rest, data.PathOf("one")]);
        Assert.Contains("| 64 |", table, StringComparison.Ordinal);
        Assert.Contains("9 images.", table, StringComparison.Ordinal);

        (int code, _, string error) = Restok.Run([.. rest, data.PathOf("two"), "--merge", "2"]);
        Assert.Equal(1, code);
        Assert.Contains("missing: 0, 1", error, StringComparison.Ordinal);
        Restok.Succeed([.. rest, data.PathOf("two"), "--worker", "1/2"]);
        Restok.Succeed([.. rest, data.PathOf("two"), "--worker", "0/2"]);
        Assert.Contains("already", Restok.Succeed([.. rest, data.PathOf("two"), "--worker", "0/2"]), StringComparison.Ordinal);
        Restok.Succeed([.. rest, data.PathOf("two"), "--merge", "2"]);
        Same(Json("one"), Json("two"));

        string page = File.ReadAllText(data.PathOf("one", "evaluation.html"));
        foreach (string part in new[] { "<svg", "The worst reconstructions", "; nearest ", "ResNet-18 perceptual distance", "data:image/png;base64," })
            Assert.Contains(part, page, StringComparison.Ordinal);
        Assert.DoesNotContain("FID</th>", page, StringComparison.Ordinal); // without its network
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_search_goes_on_where_it_stopped_and_returns_the_best()
    {
        string images = data.Classes("images", ("a", 6));
        string[] search = ["search-guidance", images, "--samples", "4", "--steps", "1", "--start", "2", "--schedules", "step,constant", "-o", data.PathOf("search")];
        string whole = Restok.Succeed(search), path = data.PathOf("search", "search.json");
        JsonNode found = JsonNode.Parse(File.ReadAllText(path))!;
        JsonArray trials = found["trials"]!.AsArray();
        double[] distances = [.. trials.Select(trial => (double)trial!["metrics"]!["resnet18_frechet_distance"]!)];
        double scale = (double)trials[Array.IndexOf(distances, distances.Min())]!["scale"]!;
        Assert.Contains(FormattableString.Invariant($"--cfg-scale {scale} "), whole, StringComparison.Ordinal);

        while (trials.Count > 1) // as if it had been stopped
            trials.RemoveAt(trials.Count - 1);
        File.WriteAllText(path, found.ToJsonString());
        Assert.Equal(whole, Restok.Succeed(search));
        Assert.Contains("<svg", File.ReadAllText(data.PathOf("search", "search.html")), StringComparison.Ordinal);
        (int code, _, string error) = Restok.Run([.. search, "--seed", "7"]);
        Assert.Equal(1, code);
        Assert.Contains("is of another search", error, StringComparison.Ordinal);
    }

    private JsonNode Json(string folder) => JsonNode.Parse(File.ReadAllText(data.PathOf(folder, "evaluation.json")))!;

    /// <summary>But for the rounding of sums in another order, and of batches of other sizes in the networks.</summary>
    private static void Same(JsonNode? first, JsonNode? second)
    {
        switch (first)
        {
            case JsonObject one:
                Assert.Equal(one.Select(pair => pair.Key), second!.AsObject().Select(pair => pair.Key));
                foreach ((string key, JsonNode? value) in one)
                    Same(value, second[key]);
                break;
            case JsonArray many:
                Assert.Equal(many.Count, second!.AsArray().Count);
                for (int i = 0; i < many.Count; i++)
                    Same(many[i], second[i]);
                break;
            case JsonValue value when value.TryGetValue(out double number):
                Assert.Equal(number, (double)second!, 1e-3 * Math.Max(1, Math.Abs(number)));
                break;
            default:
                Assert.Equal(first?.ToJsonString(), second?.ToJsonString());
                break;
        }
    }
}
