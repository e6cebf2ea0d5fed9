/// <summary>What the demo generator can be asked for: the drawings' classes, then photographs'.</summary>
internal static class DemoClasses
{
    /// <summary>Names that one would say, and what the shards call the class.</summary>
    private static readonly (string Name, string Shards)[] Photographed =
    [
        ("daisy", "flowers/daisy"), ("dandelion", "flowers/dandelion"), ("rose", "flowers/rose"), ("sunflower", "flowers/sunflower"), ("tulip", "flowers/tulip"),
        ("T-shirt", "clothing/t-shirt"), ("sweater", "clothing/longsleeve"), ("trousers", "clothing/pants"), ("dress", "clothing/dress"),
        ("shoes", "clothing/shoes"), ("jacket", "clothing/outwear"), ("shorts", "clothing/shorts"), ("skirt", "clothing/skirt"), ("hat", "clothing/hat"),
        ("apple", "grocery/apple"), ("pear", "grocery/pear"), ("melon", "grocery/melon"), ("pepper", "grocery/pepper"), ("tomato", "grocery/tomato"),
        ("one", "signs/one"), ("two", "signs/two"), ("three", "signs/three"), ("four", "signs/four"), ("five", "signs/five"),
    ];

    /// <summary>All names, in the order of their labels.</summary>
    /// <param name="withPhotographs">Whether there are photographs to learn from.</param>
    public static IReadOnlyList<string> Names(bool withPhotographs) =>
        [.. Drawings.Classes, .. withPhotographs ? Photographed.Select(entry => entry.Name) : []];

    /// <summary>The label of a photograph, or −1 where its class is none of these.</summary>
    /// <param name="shardsClass">As <c>flowers/daisy</c>.</param>
    public static int LabelOf(string shardsClass)
    {
        int index = Array.FindIndex(Photographed, entry => entry.Shards == shardsClass);
        return index < 0 ? -1 : Drawings.Classes.Count + index;
    }
}
