using System.Globalization;
using ResTok.Models;

/// <summary>The page that shows what was generated; the growth strip plays as an animation.</summary>
internal static class GalleryPage
{
    public static void Save(string path, string[] classes, int seeds, int frames, TokenLevels levels) => File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $$"""
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>ResTok gallery</title>
        <style>
        body { font-family: sans-serif; margin: 2em; color: #222 }
        img { max-width: 100%; border: 1px solid #ddd }
        .growth { width: 192px; height: 192px; background: url(growth.png) 0 0 / auto 100%; animation: grow {{frames}}s steps({{frames}}, jump-none) infinite }
        @keyframes grow { from { background-position: 0 0 } to { background-position: -{{192 * (frames - 1)}}px 0 } }
        </style>
        <h1>ResTok gallery</h1>
        <h2>{{classes.Length}} classes × {{seeds}} seeds</h2>
        <p>{{string.Join(", ", classes)}}</p>
        <img src="grid.png" alt="A row for each class, a column for each seed">
        <h2>Growth</h2>
        <p>One image after each of its {{frames}} passes.</p>
        <div class="growth" role="img" aria-label="An image growing finer"></div>
        <p><img src="growth.png" alt="The frames side by side"></p>
        <h2>Variations</h2>
        <p>The number is how many of the {{levels.Count}} levels of the first image are kept; the rest is generated with four seeds.</p>
        <img src="variations.png" alt="Variations of an image">
        <h2>Mixtures</h2>
        <p>The number is how many coarse levels come from one image; the fine ones come from the other. The rows swap the images.</p>
        <img src="mixtures.png" alt="Mixtures of two images">
        </html>
        """));
}
