using System.IO.Compression;
using System.Text;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>What is in a model file's place is named when it is opened, with what to do.</summary>
public class ForeignFileTests
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    private const string Page = "\n<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>";
    private const string Json = "{\"error\":\"Access to model owner/name is restricted. You must be authenticated.\"}";
    private const string Xml = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

    public static TheoryData<string, string, string> Files
    {
        get
        {
            var files = new TheoryData<string, string, string>();
            foreach (string name in new[] { "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json", "pytorch_model.bin.index.json", "config.json" })
            {
                files.Add(name, Pointer, "git lfs pull");
                files.Add(name, Page, "an HTML page");
                files.Add(name, "\uFEFF<HTML>", "an HTML page");
                files.Add(name, Xml, "<Code>AccessDenied</Code>");
                if (!name.EndsWith(".json", StringComparison.Ordinal))
                {
                    files.Add(name, Json, "Access to model owner/name is restricted");
                    files.Add(name, "Entry not found", "\"Entry not found\"");
                }
            }
            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Texts_are_named(string name, string text, string what) => AssertRefused(name, Encoding.UTF8.GetBytes(text), what);

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("config.json")]
    public void Archives_and_empty_files_are_named(string name)
    {
        var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(File.ReadAllBytes(Path.Combine(TestData.TinyGenerator, "model.safetensors")));
        AssertRefused(name, zipped.ToArray(), "a gzip archive. Unpack it");
        AssertRefused(name, [], "");
    }

    [Fact]
    public void Weights_of_PyTorch_under_the_other_name_are_named() =>
        AssertRefused("model.safetensors", File.ReadAllBytes(Path.Combine(TestData.TinyGenerator, "pytorch_model.bin")), "name it pytorch_model.bin");

    private static void AssertRefused(string name, byte[] content, string what)
    {
        using var folder = new TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" }.Where(file => file == "config.json" || name == "config.json"))
            File.Copy(Path.Combine(TestData.TinyGenerator, file), folder[file]);
        File.WriteAllBytes(folder[name], content);
        string message = Assert.Throws<CheckpointException>(() => ImageGenerator.Load(folder.Path).Dispose()).Message;
        Assert.Contains(folder[name], message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }
}
