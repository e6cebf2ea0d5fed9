using ResTok.Models.Checkpoints;
using ResTok.Models.Training.Losses;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Where the files of the networks are that published metrics are defined by. They are the user's: nothing is downloaded. What is not given
/// is not computed.
/// </summary>
public sealed record EvaluationWeights
{
    /// <summary>For messages.</summary>
    internal const string WantedResNet18 =
        "ResNet18.onnx of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1 (dotnet package download Microsoft.ML.DnnImageFeaturizer.ResNet18@0.23.1)";

    /// <summary>
    /// <c>pt_inception-2015-12-05-6726825d.pth</c> (95,628,359 bytes, the last digits are the start of its SHA-256), published with mseitzer/pytorch-fid as release
    /// <c>fid_weights</c>: FID, sFID, Inception Score, precision and recall. By default the environment variable <c>RESTOK_INCEPTION</c>.
    /// </summary>
    public string? Inception { get; init; } = FromEnvironment("RESTOK_INCEPTION");

    /// <summary>
    /// torchvision's <c>alexnet-owt-7be5be79.pth</c>, for LPIPS; with <see cref="LpipsHeads"/>. By default the environment variable
    /// <c>RESTOK_ALEXNET</c>.
    /// </summary>
    public string? AlexNet { get; init; } = FromEnvironment("RESTOK_ALEXNET");

    /// <summary>
    /// <c>lpips/weights/v0.1/alex.pth</c> (6,009 bytes) of the package lpips, for LPIPS; with <see cref="AlexNet"/>. By default the environment
    /// variable <c>RESTOK_LPIPS_ALEX</c>.
    /// </summary>
    public string? LpipsHeads { get; init; } = FromEnvironment("RESTOK_LPIPS_ALEX");

    /// <summary>
    /// <c>ResNet18.onnx</c> (63,653,533 bytes, SHA-256 e2552f19…ff8f) of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1, for the
    /// ResNet-18 distances. By default the environment variable <c>RESTOK_RESNET18</c>; else where that package puts it: in the folder of a
    /// program that references it, or in NuGet's folder of packages on this machine.
    /// </summary>
    public string? ResNet18 { get; init; } = FindResNet18();

    /// <summary>Whether the Inception network computes in float64, as the reference does of reconstructions. float32 is faster and 2e-6 off in its features.</summary>
    public bool InceptionInFloat64 { get; init; } = true;

    /// <exception cref="CheckpointException">The file is missing or another.</exception>
    internal InceptionNetwork? LoadInception(Device device) => Inception is not { } path ? null
        : Load(nameof(Inception), path, "pt_inception-2015-12-05-6726825d.pth, published as release fid_weights of mseitzer/pytorch-fid",
            () => AuxiliaryNetwork.Load(path, source => new InceptionNetwork(source, InceptionInFloat64 ? ScalarType.Float64 : ScalarType.Float32, device)));

    /// <inheritdoc cref="LoadInception" path="/exception"/>
    internal AlexDistance? LoadAlexNet(Device device)
    {
        if (AlexNet is not { } network || LpipsHeads is not { } heads)
            return AlexNet is null && LpipsHeads is null ? null : throw new ArgumentException($"LPIPS needs both {nameof(AlexNet)} and {nameof(LpipsHeads)}, and only one is given.");
        return Load(nameof(AlexNet), network, "torchvision's alexnet-owt-7be5be79.pth",
            () => AuxiliaryNetwork.Load(network, features => Load(nameof(LpipsHeads), heads, "lpips/weights/v0.1/alex.pth of the package lpips",
                () => AuxiliaryNetwork.Load(heads, linear => new AlexDistance(new FeaturesAndHeads(features, linear), device)))));
    }

    /// <inheritdoc cref="LoadInception" path="/exception"/>
    internal ResNet18Network? LoadResNet18(Device device) => ResNet18 is not { } path ? null
        : Load(nameof(ResNet18), path, WantedResNet18, () => ResNet18Network.Load(path, device));

    /// <summary>Where ResNet18.onnx is, or null.</summary>
    internal static string? FindResNet18()
    {
        if (FromEnvironment("RESTOK_RESNET18") is { } given)
            return given;
        string file = Path.Combine("DnnImageModels", "ResNet18Onnx", "ResNet18.onnx");
        string packages = FromEnvironment("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string[] places = [Path.Combine(AppContext.BaseDirectory, file), Path.Combine(packages, "microsoft.ml.dnnimagefeaturizer.resnet18", "0.23.1", "tools", file)];
        return places.FirstOrDefault(File.Exists);
    }

    private static T Load<T>(string option, string path, string wanted, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (CheckpointException fault) when (!fault.Message.Contains(" is to be ", StringComparison.Ordinal))
        {
            throw new CheckpointException($"{option} = '{path}' is to be {wanted}. {fault.Message}", fault);
        }
    }

    private static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
