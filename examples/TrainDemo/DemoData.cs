using Microsoft.ML;

/// <summary>What the demo model learns from: drawings, scraps and, where there are any, photographs. A number gives the same picture every time.</summary>
/// <param name="ml">Where.</param>
/// <param name="photographs">Read when they are first needed; null to learn from drawings alone.</param>
internal sealed class DemoData(MLContext ml, Lazy<Photographs>? photographs)
{
    public bool HasPhotographs => photographs is not null;

    /// <summary>For the tokenizer, without end: of eight pictures five are photographs, two drawings and one a scrap.</summary>
    public IDataView Pictures() => DrawingRow.View(ml, 0, DemoRecipe.Endless, number => number % 8 < 5 && photographs is not null
        ? Cut(photographs.Value.Learned[Hash(number) % (uint)photographs.Value.Learned.Length], number)
        : (number % 8 == 7 ? Drawings.DrawScrap(number, DrawingRow.Side) : Drawings.Draw(number, DrawingRow.Side), -1));

    /// <summary>Pictures that nothing learned from: photographs held out, and drawings.</summary>
    public IDataView HeldOut(int most, int drawings) => HeldOut(held => held.Take(most), drawings);

    /// <summary>For the generator: all classes in turns, of each its photographs in turns, cut anew each time.</summary>
    public IDataView Classes(int count)
    {
        int classes = DemoClasses.Names(photographs is not null).Count;
        return DrawingRow.View(ml, 0, count, number => number % classes is var label && label < Drawings.Classes.Count
            ? Drawing(number / classes * Drawings.Classes.Count + label)
            : Cut(photographs!.Value.OfLabel(label, number / classes), number));
    }

    /// <summary>Pictures of the generator's classes that nothing learned from.</summary>
    public IDataView HeldOutOfClasses(int drawings) => HeldOut(held => held.Where(photograph => photograph.Label >= 0), drawings);

    private IDataView HeldOut(Func<IEnumerable<Photographs.Photograph>, IEnumerable<Photographs.Photograph>> choose, int drawings)
    {
        Photographs.Photograph[] held = [.. choose(photographs?.Value.HeldOut ?? [])];
        return DrawingRow.View(ml, 0, held.Length + drawings, number => number < held.Length
            ? (held[number].Pixels, held[number].Label)
            : Drawing(DemoRecipe.FirstHeldOut + number - held.Length));
    }

    private static (byte[] Rgba, int Label) Drawing(int number) => (Drawings.Draw(number, DrawingRow.Side), Drawings.ClassOf(number));

    private static (byte[] Rgba, int Label) Cut(Photographs.Photograph photograph, int number) => (photograph.Cut(new(number)), photograph.Label);

    private static uint Hash(int number)
    {
        uint mixed = (uint)number * 0x9E3779B1;
        mixed = (mixed ^ mixed >> 15) * 0x85EBCA77;
        return mixed ^ mixed >> 13;
    }
}
