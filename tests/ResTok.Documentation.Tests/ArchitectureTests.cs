using System.Reflection;
using System.Text.RegularExpressions;

namespace ResTok.Documentation.Tests;

/// <summary>The types, members and folders that <c>docs/architecture.md</c> leads a reader to, which go stale when code moves.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Source = Path.Combine(Repository.Root, "src");

    private static readonly Type[] Types = [.. Directory.GetFiles(AppContext.BaseDirectory, "ResTok.*.dll").Select(Path.GetFileNameWithoutExtension)
        .Where(name => Directory.Exists(Path.Combine(Source, name!))).SelectMany(name => Assembly.Load(name!).GetTypes())];

    private static readonly HashSet<string> Names = [.. Types.Select(NameOf)];

    private static readonly HashSet<string> Members = [.. Types.SelectMany(type => MembersOf(type).Select(member => $"{NameOf(type)}.{member}"))];

    private static readonly HashSet<string> Folders = [.. Directory.GetDirectories(Source, "*", SearchOption.AllDirectories)
        .Select(folder => Path.GetRelativePath(Source, folder).Replace('\\', '/') + "/").Where(folder => !folder.Contains("/obj/", StringComparison.Ordinal))];

    public static TheoryData<string> Mentioned { get; } =
        [.. Code().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"))).Select(match => match.Groups[1].Value).Distinct()];

    /// <param name="name">Such as <c>Rows/</c>, <c>Rows/BatchCursor.MoveNext</c>, <c>LevelAttention</c>, or <c>Step</c> of what was named before.</param>
    [Theory]
    [MemberData(nameof(Mentioned))]
    public void What_the_architecture_names_is_there(string name)
    {
        string folder = name[..(name.LastIndexOf('/') + 1)], member = name[folder.Length..];
        Assert.True(folder == "" || Folders.Any(path => path.EndsWith("/" + folder, StringComparison.Ordinal) || path == folder), $"There is no folder {folder} in src.");
        if (folder != "" && member != "")
            Assert.True(Folders.Any(path => path.EndsWith("/" + folder, StringComparison.Ordinal) && File.Exists(Path.Combine(Source, path, member.Split('.')[0] + ".cs"))), $"{member} is not in {folder}.");
        Assert.True(member == "" || Names.Contains(member) || Members.Contains(member) || Members.Any(known => known.EndsWith("." + member, StringComparison.Ordinal)),
            $"There is no type and no member {member}.");
    }

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static IEnumerable<string> MembersOf(Type type) =>
        type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance).Select(member => member.Name.Split('`')[0]);

    // Code that begins with a capital, and folders: no files, commands or calls.
    [GeneratedRegex(@"`(?!`)((?:[A-Z]\w*/)*(?:[A-Z]\w*(?:\.[A-Z]\w*)?)?)`")]
    private static partial Regex Code();
}
