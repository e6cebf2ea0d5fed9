using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.PackageManagement;

namespace ResTok.MLNet.Notebooks.Tests;

/// <summary>Runs cells as the notebook tool does: restores the packages they ask for, and runs the extensions of those.</summary>
internal sealed partial class NotebookKernel : IDisposable
{
    /// <summary>The name of the kernel for C#.</summary>
    public const string CSharp = "csharp";

    private readonly CompositeKernel kernel;
    private readonly string feed;
    private readonly string version;

    /// <param name="feed">The folder with the packages of this repository.</param>
    /// <param name="version">Theirs.</param>
    public NotebookKernel(string feed, string version)
    {
        this.feed = feed;
        this.version = version;
        CSharpKernel csharp = new CSharpKernel().UseKernelHelpers().UseNugetDirective((kernel, resolved) =>
        {
            kernel.AddAssemblyReferences(resolved.SelectMany(package => package.AssemblyPaths));
            return Task.CompletedTask;
        });
        kernel = new CompositeKernel { csharp };
        kernel.DefaultKernelName = CSharp;
    }

    public void Dispose() => kernel.Dispose();

    /// <summary>Runs a cell.</summary>
    /// <param name="code">Packages of this repository in it are taken from the feed.</param>
    /// <returns>What it shows.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<List<InteractiveDocumentOutputElement>> RunAsync(string code)
    {
        bool asksForPackages = OwnPackage().IsMatch(code);
        if (asksForPackages)
            code = $"#i \"nuget:{feed}\"\n" + OwnPackage().Replace(code, $"$1, {version}\"");
        KernelEvent[] events = await SubmitAsync(code);
        foreach (PackageAdded added in events.OfType<PackageAdded>())
        {
            string extension = Path.Combine(added.PackageReference.PackageRoot, "interactive-extensions", "dotnet", "extension.dib");
            if (File.Exists(extension))
                await SubmitAsync(await File.ReadAllTextAsync(extension));
        }
        // Which packages were restored from where is nothing to look at.
        return asksForPackages ? [] : CellOutputs.Of(events);
    }

    private async Task<KernelEvent[]> SubmitAsync(string code)
    {
        var events = new ConcurrentQueue<KernelEvent>(); // they may come from several threads
        using (kernel.KernelEvents.Subscribe(events.Enqueue))
        {
            // What a cell prints goes to the console of the flow of control that it runs in: one of its own.
            Task<KernelCommandResult> run;
            using (ExecutionContext.SuppressFlow())
                run = Task.Run(() => kernel.SendAsync(new SubmitCode(code, CSharp)));
            await run;
        }
        string[] errors = [.. events.OfType<CommandFailed>().Select(failure => failure.Message)];
        if (errors.Length > 0)
            throw new InvalidOperationException($"A cell failed:\n{code}\n\n{string.Join('\n', errors)}");
        // Text was lost once, and nothing told where: the tool catches it by Console.Out, which is the whole process's.
        if (code.Contains("Console.Write", StringComparison.Ordinal) && !events.OfType<StandardOutputValueProduced>().Any())
            throw new InvalidOperationException(
                $"The tool lost what a cell prints. Console.Out is {Console.Out.GetType()} after it, and there were {string.Join(", ", events.Select(shown => shown.GetType().Name))}:\n{code}");
        return [.. events];
    }

    [GeneratedRegex("(#r \"nuget: ResTok\\.[A-Za-z.]+)\"")]
    private static partial Regex OwnPackage();
}
