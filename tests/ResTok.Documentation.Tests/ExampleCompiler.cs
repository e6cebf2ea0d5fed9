using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ResTok.Documentation.Tests;

/// <summary>Compiles an example as a program, with <see cref="Prelude"/> around it.</summary>
internal static class ExampleCompiler
{
    private const string Obsolete = "CS0618";

    /// <summary>All that this test program runs with: .NET, the library as built, and what it depends on.</summary>
    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    private static readonly SyntaxTree Usings = CSharpSyntaxTree.ParseText(Prelude.Usings);

    /// <summary>What the compiler says against it; lines are the example's.</summary>
    public static IReadOnlyList<string> FaultsOf(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code);
        bool runs = tree.GetCompilationUnitRoot().Members.Any(member => member is GlobalStatementSyntax);
        var options = new CSharpCompilationOptions(runs ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        var compilation = CSharpCompilation.Create("Example", [Usings, tree], References, options);
        return [.. compilation.GetDiagnostics().Where(found => found.Severity == DiagnosticSeverity.Error || found.Id == Obsolete).Select(found => found.ToString())];
    }
}
