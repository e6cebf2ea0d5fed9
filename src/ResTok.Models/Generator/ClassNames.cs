using System.Collections;
using System.Runtime.CompilerServices;

namespace ResTok.Models;

/// <summary>The names of a generator's classes, in the order of their numbers from 0. Two lists of the same names are equal.</summary>
/// <example>
/// <code>
/// var config = new GeneratorConfig { Classes = 3, ClassNames = ["cat", "dog", "tench, Tinca tinca"] };
/// </code>
/// </example>
[CollectionBuilder(typeof(ClassNames), nameof(Create))]
public sealed class ClassNames : IReadOnlyList<string>, IEquatable<ClassNames>
{
    private readonly string[] names;
    private readonly Dictionary<string, int> exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> loose = new(StringComparer.OrdinalIgnoreCase); // synonyms too; −1 where several classes have it

    /// <summary>Takes the names over.</summary>
    /// <param name="names">Of the classes 0, 1, …</param>
    /// <exception cref="ArgumentException">A name is null or blank.</exception>
    public ClassNames(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        this.names = [.. names];
        for (int label = 0; label < this.names.Length; label++)
        {
            string name = this.names[label];
            if (string.IsNullOrWhiteSpace(name))
                throw new ArgumentException($"The class {label} has no name.", nameof(names));
            Add(exact, name, label);
            foreach (string synonym in name.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Append(name.Trim()))
                Add(loose, synonym, label);
        }
    }

    /// <summary>How many classes have names: the first so many.</summary>
    public int Count => names.Length;

    /// <summary>A class's name.</summary>
    /// <param name="index">Its number.</param>
    /// <exception cref="IndexOutOfRangeException">It has none.</exception>
    public string this[int index] => names[index];

    /// <summary>Makes a list, for collection expressions.</summary>
    /// <param name="names">Of the classes 0, 1, …</param>
    /// <exception cref="ArgumentException">A name is null or blank.</exception>
    public static ClassNames Create(ReadOnlySpan<string> names) => new(names.ToArray());

    /// <summary>
    /// Finds a class by its name: the whole name, or else, in any case, the name or one of the synonyms between commas that
    /// ImageNet's names have.
    /// </summary>
    /// <param name="name">A name.</param>
    /// <param name="label">The class's number, if true.</param>
    /// <returns>False where no class has the name, or several have.</returns>
    public bool TryFind(string name, out int label)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (exact.TryGetValue(name, out label) || loose.TryGetValue(name.Trim(), out label))
            return label >= 0;
        return false;
    }

    /// <summary>Goes through the names in order.</summary>
    public IEnumerator<string> GetEnumerator() => names.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether another list has the same names in the same order.</summary>
    /// <param name="other">The other.</param>
    public bool Equals(ClassNames? other) => other is not null && names.AsSpan().SequenceEqual(other.names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ClassNames);

    /// <inheritdoc/>
    public override int GetHashCode() => names.Aggregate(0, HashCode.Combine);

    /// <summary>The names, separated by semicolons.</summary>
    public override string ToString() => string.Join("; ", names);

    private static void Add(Dictionary<string, int> labels, string name, int label)
    {
        if (!labels.TryAdd(name, label) && labels[name] != label)
            labels[name] = -1;
    }
}
