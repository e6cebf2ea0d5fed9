using System.Text.Json;
using Microsoft.ML;
using static ResTok.MLNet.Tests.SavedStageFile;

namespace ResTok.MLNet.Tests;

/// <summary>What released versions saved stays loadable. Data/saved has a folder for each of them.</summary>
public sealed class CompatibilityTests
{
    private const string ResultFile = "results.json";

    private static readonly string Saved = Path.Combine(AppContext.BaseDirectory, "Data", "saved");
    private static readonly string Here = typeof(ResTokTokenizer).Assembly.GetName().Version!.ToString(3);

    public static TheoryData<string> Versions => [.. Directory.GetDirectories(Saved).Select(folder => Path.GetFileName(folder))];

    public static TheoryData<string> Stages => [.. SavedModels.Stages];

    [Theory]
    [MemberData(nameof(Versions))]
    public void What_a_version_saved_gives_what_it_gave(string version)
    {
        string folder = Path.Combine(Saved, version);
        SavedModels.Results then = JsonSerializer.Deserialize<SavedModels.Results>(File.ReadAllText(Path.Combine(folder, ResultFile)))!, now = SavedModels.Read(folder);
        Assert.Equal(then.Tokens, now.Tokens);
        Assert.Equal(then.Generated, now.Generated);
        Assert.Equal(then.FolderTokens, now.FolderTokens);
        Assert.Equal(then.FolderGenerated, now.FolderGenerated);
        Assert.All(then.Sums.Zip(now.Sums), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        Assert.Equal(then.Pictures.Length, now.Pictures.Length);
        // Rounding differs from processor to processor.
        Assert.All(then.Pictures.Zip(now.Pictures), pair => Assert.All(pair.First.Zip(pair.Second), values => Assert.InRange(values.Second - values.First, -1, 1)));
    }

    [Fact]
    public void This_version_is_among_them()
    {
        if (Directory.Exists(Path.Combine(Saved, Here)))
            return;
        string made = Path.Combine(Path.GetTempPath(), "restok-saved", Here);
        SavedModels.Write(made);
        File.WriteAllText(Path.Combine(made, ResultFile), JsonSerializer.Serialize(SavedModels.Read(made)));
        Assert.Fail($"tests/ResTok.MLNet.Tests/Data/saved has nothing of version {Here}. Its models are now in {made}: move that folder there and commit it.");
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_stage_of_a_newer_version_says_which_version_it_needs(string stage)
    {
        string message = WithFormat(stage, 0x00020007, "9.8.7");
        Assert.Contains("format 2.7", message, StringComparison.Ordinal);
        Assert.Contains("Use version 9.8.7 or newer", message, StringComparison.Ordinal);
        Assert.Contains($"this is ResTok.MLNet {Here}, which reads formats up to 1.4", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_stage_of_a_format_that_was_never_released_is_refused(string stage) =>
        Assert.Contains("has the format 1.1, which no released version of ResTok.MLNet wrote", WithFormat(stage, 0x00010001, "0.0.1"), StringComparison.Ordinal);

    /// <returns>What is said of a stage in another format, by another version of the library.</returns>
    private static string WithFormat(string stage, int format, string version)
    {
        string copy = Path.GetTempFileName();
        try
        {
            File.Copy(Path.Combine(Saved, Here, stage), copy, overwrite: true);
            Change(copy, bytes =>
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(0x48), format); // as ML.NET's header has it: written in, and readable by
                BitConverter.TryWriteBytes(bytes.AsSpan(0x4c), format);
                System.Text.Encoding.ASCII.GetBytes(version).CopyTo(bytes, (int)BitConverter.ToInt64(bytes, 0x10) + 1);
            });
            InvalidDataException fault = Inner<InvalidDataException>(() => new MLContext().Model.Load(copy, out _));
            Assert.Contains("stage ResTok", fault.Message, StringComparison.Ordinal);
            return fault.Message;
        }
        finally
        {
            File.Delete(copy);
        }
    }
}
