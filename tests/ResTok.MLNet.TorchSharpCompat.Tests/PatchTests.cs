using System.Reflection;
using System.Runtime.Loader;
using Microsoft.Build.Framework;
using Microsoft.ML.TorchSharp;
using ResTok.MLNet.Interop;
using ResTok.MLNet.TorchSharpCompat.Task;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>The build task, and what is said where it did not run.</summary>
public sealed class PatchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("restok-patch-").FullName;
    private readonly Messages messages = new();

    public PatchTests() => TorchRuntime.EnsureLoaded();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_known_file_is_patched_the_same_way_every_time_and_keeps_its_identity()
    {
        Assert.True(Patch(Published.Path, "one.dll"));
        Assert.True(Patch(Published.Path, "two.dll"));
        Assert.Empty(messages.Texts);
        Assert.Equal(File.ReadAllBytes(Target("one.dll")), File.ReadAllBytes(Target("two.dll")));
        Assert.Equal(AssemblyName.GetAssemblyName(Published.Path).FullName, AssemblyName.GetAssemblyName(Target("one.dll")).FullName);
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void A_file_without_the_faults_is_left_alone_and_the_package_says_that_it_is_no_longer_needed()
    {
        Assert.True(Patch(Published.Path, "fixed.dll"));
        Assert.True(Patch(Published.Path, "used.dll"));
        Assert.True(Patch(Target("fixed.dll"), "used.dll", "0.99.0"));
        string said = Assert.Single(messages.Texts);
        Assert.StartsWith("warning RESTOK0002: Microsoft.ML.TorchSharp 0.99.0 has none of the faults", said, StringComparison.Ordinal);
        Assert.Contains("ResTok.MLNet.TorchSharpCompat is no longer needed", said, StringComparison.Ordinal);
        Assert.False(File.Exists(Target("used.dll")), "What an earlier build patched is still there.");
    }

    [Fact]
    public void Another_file_with_the_faults_is_refused_by_version_and_hash()
    {
        string other = Target("other.dll");
        File.WriteAllBytes(other, [.. File.ReadAllBytes(Published.Path), 0]);
        Assert.False(Patch(other, "used.dll", "0.98.0"));
        string said = Assert.Single(messages.Texts);
        Assert.StartsWith("error RESTOK0003: ", said, StringComparison.Ordinal);
        Assert.Contains($"version 0.98.0, SHA-256 {PatchTorchSharpTrainers.Hash(File.ReadAllBytes(other))}", said, StringComparison.Ordinal);
        Assert.False(File.Exists(Target("used.dll")));
    }

    [Fact]
    public void This_program_runs_with_the_patched_copy_and_says_so()
    {
        Assembly trainers = typeof(TorchSharpCatalog).Assembly;
        Assert.False(TorchSharpNeighbour.IsFaulty(trainers));
        Assert.Contains(trainers.GetCustomAttributes<AssemblyMetadataAttribute>(), entry => entry is { Key: "ChangedBy", Value: "ResTok.MLNet.TorchSharpCompat" });
    }

    [Fact]
    public void Unpatched_it_fails_with_a_sentence_that_says_what_to_do()
    {
        var apart = new AssemblyLoadContext("published");
        Assembly trainers = apart.LoadFromAssemblyPath(Published.Path);
        Assert.True(TorchSharpNeighbour.IsFaulty(trainers));
        const string Bert = "Microsoft.ML.TorchSharp.NasBert.";
        object options = Activator.CreateInstance(trainers.GetType(Bert + "TextClassificationTrainer+TextClassificationOptions", true)!)!;
        object model = Activator.CreateInstance(trainers.GetType(Bert + "Models.ModelForPrediction", true)!, options, 1, 100, 2)!;
        using torch.Tensor tokens = torch.tensor(new long[,] { { 0, 5, 6 } });
        var thrown = Assert.Throws<TargetInvocationException>(() => model.GetType().GetMethod("forward", [typeof(torch.Tensor), typeof(torch.Tensor)])!.Invoke(model, [tokens, null]));
        var fault = Assert.IsType<InvalidOperationException>(thrown.GetBaseException());
        Assert.StartsWith(TorchSharpNeighbour.Help, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Tensor invalid", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_fault_of_others_keeps_its_own_words()
    {
        torch.Tensor tensor = torch.zeros(1);
        tensor.Dispose();
        Assert.DoesNotContain("ResTok", Assert.Throws<InvalidOperationException>(() => tensor.Handle).Message, StringComparison.Ordinal);
    }

    private bool Patch(string source, string target, string version = "0.23.1") =>
        new PatchTorchSharpTrainers { BuildEngine = messages, Source = source, Target = Target(target), Version = version }.Execute();

    private string Target(string name) => Path.Combine(folder, name);

    /// <summary>What the task says to MSBuild.</summary>
    private sealed class Messages : IBuildEngine
    {
        public List<string> Texts { get; } = [];

        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "";

        public bool BuildProjectFile(string projectFileName, string[] targetNames, System.Collections.IDictionary globalProperties, System.Collections.IDictionary targetOutputs) => false;

        public void LogCustomEvent(CustomBuildEventArgs e)
        {
        }

        public void LogErrorEvent(BuildErrorEventArgs e) => Texts.Add($"error {e.Code}: {e.Message}");

        public void LogMessageEvent(BuildMessageEventArgs e)
        {
        }

        public void LogWarningEvent(BuildWarningEventArgs e) => Texts.Add($"warning {e.Code}: {e.Message}");
    }
}
