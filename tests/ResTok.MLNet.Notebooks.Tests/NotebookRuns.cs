using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Documents.Jupyter;
using ResTok.MLNet.PackageTests;

namespace ResTok.MLNet.Notebooks.Tests;

/// <summary>
/// Runs the notebooks, each once for all tests. With <c>RESTOK_UPDATE_NOTEBOOKS=1</c> what a notebook shows is written into its file.
/// </summary>
public sealed class NotebookRuns : IDisposable
{
    private readonly PackedPackages packages = new();
    private readonly Dictionary<string, InteractiveDocument> runs = [];

    public NotebookRuns()
    {
        // For the restore that the kernel starts.
        Environment.SetEnvironmentVariable("NUGET_FALLBACK_PACKAGES", packages.UserCache);
        Environment.SetEnvironmentVariable("NUGET_PACKAGES", packages.Unpacked);
        // Notebooks name files from where they are.
        Environment.CurrentDirectory = Folder = Path.Combine(Repository.Root, "examples", "notebooks");
    }

    public string Folder { get; }

    public void Dispose()
    {
        Environment.CurrentDirectory = Repository.Root;
        packages.Dispose();
    }

    /// <summary>Reads a notebook as it is kept.</summary>
    public InteractiveDocument Kept(string name) => Notebook.Parse(File.ReadAllText(PathOf(name)));

    /// <summary>Gives a notebook with the outputs of a run of all its cells in their order.</summary>
    public async Task<InteractiveDocument> RunAsync(string name)
    {
        if (runs.TryGetValue(name, out InteractiveDocument? done))
            return done;
        InteractiveDocument notebook = Kept(name);
        using var kernel = new NotebookKernel(packages.Packages, packages.Version);
        int order = 0;
        foreach (InteractiveDocumentElement cell in notebook.Elements.Where(cell => cell.KernelName == NotebookKernel.CSharp))
        {
            cell.ExecutionOrder = ++order;
            cell.Outputs.Clear();
            cell.Outputs.AddRange(await kernel.RunAsync(cell.Contents));
        }
        if (Environment.GetEnvironmentVariable("RESTOK_UPDATE_NOTEBOOKS") == "1")
            await File.WriteAllTextAsync(PathOf(name), notebook.ToJupyterJson() + "\n");
        return runs[name] = notebook;
    }

    private string PathOf(string name) => Path.Combine(Folder, name + ".ipynb");
}
