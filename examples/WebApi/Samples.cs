using System.Reflection;

/// <summary>The images of examples/pictures, which the page offers before anybody has chosen a file.</summary>
internal static class Samples
{
    private const string Prefix = "samples/";

    private static readonly Assembly Here = typeof(Samples).Assembly;

    public static IReadOnlyList<string> Names { get; } =
        [.. Here.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>The file as it is, or null where there is none of this name.</summary>
    public static Stream? Open(string name) => Here.GetManifestResourceStream(Prefix + name);
}
