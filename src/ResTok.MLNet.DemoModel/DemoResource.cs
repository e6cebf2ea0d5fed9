namespace ResTok.MLNet;

/// <summary>The files inside this assembly.</summary>
internal static class DemoResource
{
    /// <param name="name">Folder and file, as in the source.</param>
    public static Stream Open(string name) => typeof(DemoResource).Assembly.GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"ResTok.MLNet.DemoModel was built without {name}. Run examples/TrainDemo, and build again.");
}
