using System.CommandLine;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.CommandLine;

/// <summary>The options of verbs that measure distances: the networks' files.</summary>
internal sealed class WeightOptions
{
    private readonly Option<string?> inception = Path("--inception", "pt_inception-2015-12-05-6726825d.pth, for FID, sFID, Inception Score, precision and recall; by default RESTOK_INCEPTION.");
    private readonly Option<string?> alexNet = Path("--alexnet", "torchvision's alexnet-owt-7be5be79.pth, for LPIPS; by default RESTOK_ALEXNET.");
    private readonly Option<string?> heads = Path("--lpips-heads", "lpips/weights/v0.1/alex.pth of the package lpips, for LPIPS; by default RESTOK_LPIPS_ALEX.");
    private readonly Option<string?> resNet18 = Path("--resnet18", "ResNet18.onnx of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1; by default RESTOK_RESNET18, or NuGet's copy on this machine.");
    private readonly Option<bool> narrow = new("--inception-float32") { Description = "Inception in float32: faster, features 2e-6 off." };

    public void AddTo(Command command)
    {
        command.Add(inception);
        command.Add(alexNet);
        command.Add(heads);
        command.Add(resNet18);
        command.Add(narrow);
    }

    public EvaluationWeights Read(ParseResult parsed)
    {
        var found = new EvaluationWeights();
        return found with
        {
            Inception = parsed.GetValue(inception) ?? found.Inception,
            AlexNet = parsed.GetValue(alexNet) ?? found.AlexNet,
            LpipsHeads = parsed.GetValue(heads) ?? found.LpipsHeads,
            ResNet18 = parsed.GetValue(resNet18) ?? found.ResNet18,
            InceptionInFloat64 = !parsed.GetValue(narrow),
        };
    }

    private static Option<string?> Path(string name, string description) => new(name) { Description = description };
}
