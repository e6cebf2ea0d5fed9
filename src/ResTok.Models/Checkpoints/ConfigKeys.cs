using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>The keys of a configuration: its properties with a <see cref="ConfigKeyAttribute"/>, in the order of their declaration.</summary>
/// <typeparam name="TConfig">A record whose initial values are what absent keys mean.</typeparam>
internal static class ConfigKeys<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TConfig>
    where TConfig : class
{
    /// <summary>All keys.</summary>
    public static IReadOnlyList<(PropertyInfo Property, ConfigKeyAttribute Key)> All { get; } =
    [
        .. from property in typeof(TConfig).GetProperties()
           let key = property.GetCustomAttribute<ConfigKeyAttribute>()
           where key is not null
           orderby property.MetadataToken
           select (property, key),
    ];

    /// <summary>Sets the properties whose keys a file has.</summary>
    /// <param name="config">A fresh configuration, with what absent keys mean.</param>
    /// <param name="tree">The file.</param>
    /// <param name="section">Of the keys that name none: "" or a path with a dot at its end.</param>
    /// <param name="only">The keys to look for; null for all.</param>
    /// <returns><paramref name="config"/>.</returns>
    /// <exception cref="CheckpointException">A key is missing, or its value is of the wrong type.</exception>
    public static TConfig Read(TConfig config, ConfigTree tree, string section, IReadOnlyCollection<string>? only = null)
    {
        foreach ((PropertyInfo property, ConfigKeyAttribute key) in All)
        {
            if (only is not null && !only.Contains(key.Name))
                continue;
            var values = new ConfigValues(tree, key.Section is { } other ? other + "." : section);
            if (key.Required || values.Has(key.Name))
                property.SetValue(config, values.Read(key.Name, property.PropertyType));
        }
        return config;
    }

    /// <summary>The configuration as a file has it.</summary>
    /// <param name="config">What to write.</param>
    /// <param name="section">Of the keys that name none: "" or a path.</param>
    /// <param name="without">Keys to leave out.</param>
    /// <param name="more">What stands after the keys.</param>
    public static JsonObject ToJson(TConfig config, string section, IReadOnlyCollection<string>? without = null, JsonObject? more = null)
    {
        var root = new JsonObject();
        foreach ((PropertyInfo property, ConfigKeyAttribute key) in All)
        {
            if (without?.Contains(key.Name) != true)
                Section(root, key.Section ?? section)[key.Name] = ConfigValues.ToJson(property.GetValue(config));
        }
        foreach ((string key, JsonNode? value) in more ?? [])
            root[key] = value!.DeepClone();
        return root;
    }

    /// <summary>Checks that numbers lie in their keys' ranges.</summary>
    /// <exception cref="ArgumentException">One does not; the message names its key, the value and what is allowed.</exception>
    public static void CheckRanges(TConfig config)
    {
        foreach ((PropertyInfo property, ConfigKeyAttribute key) in All)
        {
            if (key.Range is not null && property.GetValue(config) is { } value)
                Require(key.Allows(Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture)), key.FullName, value, key.Allowed());
        }
    }

    /// <exception cref="ArgumentException">It does not hold.</exception>
    public static void Require(bool holds, string key, object value, string allowed)
    {
        if (!holds)
            throw new ArgumentException(FormattableString.Invariant($"Configuration key '{key}' is {value}, but must be {allowed}."));
    }

    /// <summary>Whether all keys have the same values.</summary>
    public static bool AreEqual(TConfig a, TConfig? b) =>
        b is not null && All.All(entry => Equals(entry.Property.GetValue(a), entry.Property.GetValue(b)));

    public static int HashOf(TConfig config)
    {
        var hash = new HashCode();
        foreach ((PropertyInfo property, _) in All)
            hash.Add(property.GetValue(config));
        return hash.ToHashCode();
    }

    private static JsonObject Section(JsonObject root, string path)
    {
        foreach (string name in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (root[name] is not JsonObject section)
                root[name] = section = [];
            root = section;
        }
        return root;
    }
}
