using System.Security.Cryptography;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using TorchSharp;

namespace ResTok.Tool.Models;

/// <summary>A model by its name, and what to compute in.</summary>
/// <param name="Name">A path, an id on the hub, or <c>demo</c>.</param>
/// <param name="Precision">The number format.</param>
internal sealed record ModelChoice(string Name, Precision Precision)
{
    public const string Demo = "demo";

    public bool IsDemo => Name == Demo;

    /// <summary>Where the files are; downloads what is not in the hub's cache. Null for the demo model.</summary>
    public async Task<string?> LocateAsync(CancellationToken cancellationToken)
    {
        if (IsDemo)
            return null;
        if (File.Exists(Name) || Directory.Exists(Name) || !HuggingFaceHub.IsRepositoryId(Name))
            return Path.GetFullPath(Name);
        return await HuggingFaceHub.DownloadAsync(Name, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a plan calls it: a model on this machine by its full path, any other by its name.</summary>
    /// <param name="path">What <see cref="LocateAsync"/> gave.</param>
    public string InPlan(string? path) => path is not null && (File.Exists(Name) || Directory.Exists(Name)) ? path : Name;

    /// <summary>SHA-256 of the weights, in hexadecimal.</summary>
    /// <param name="path">What <see cref="LocateAsync"/> gave.</param>
    /// <param name="kind"><c>tokenizer</c> or <c>generator</c>.</param>
    public static string Hash(string? path, string kind)
    {
        if (path is not null)
            return ModelReference.Hash(path);
        using Stream weights = DemoResource.Open($"{kind}/model.safetensors");
        return Convert.ToHexStringLower(SHA256.HashData(weights));
    }

    /// <exception cref="CheckpointException">There is no tokenizer, or it cannot be used.</exception>
    public static TokenizerConfig TokenizerConfigOf(string? path)
    {
        if (path is not null)
            return TokenizerConfig.Load(path);
        using Stream config = DemoResource.Open("tokenizer/config.json");
        return TokenizerConfig.Load(config);
    }

    /// <exception cref="CheckpointException">There is no generator, or it cannot be used.</exception>
    public static GeneratorConfig GeneratorConfigOf(string? path)
    {
        if (path is not null)
            return GeneratorConfig.Load(path);
        using Stream config = DemoResource.Open("generator/config.json");
        return GeneratorConfig.Load(config);
    }

    /// <summary>Loads the tokenizer; the caller disposes it.</summary>
    public ImageTokenizer LoadTokenizer(string? path, torch.Device device)
    {
        if (path is not null)
            return ImageTokenizer.Load(path, device, Precision);
        using Stream weights = DemoResource.Open("tokenizer/model.safetensors");
        return ImageTokenizer.Load(TokenizerConfigOf(null), weights, device, Precision);
    }

    /// <summary>Loads the generator; the caller disposes it.</summary>
    public ImageGenerator LoadGenerator(string? path, torch.Device device)
    {
        if (path is not null)
            return ImageGenerator.Load(path, device, Precision);
        using Stream weights = DemoResource.Open("generator/model.safetensors");
        return ImageGenerator.Load(GeneratorConfigOf(null), weights, device, Precision);
    }
}
