using System.Reflection;
using Microsoft.ML.TorchSharp.AutoFormerV2;
using Microsoft.ML.TorchSharp.NasBert;
using Microsoft.ML.TorchSharp.Roberta;
using TorchSharp;

namespace ResTok.Tests;

/// <summary>
/// Weights of the right shapes for the trainers of Microsoft.ML.TorchSharp, made on the spot: random ones, put where the trainers look
/// before they download Microsoft's. They are enough to show that everything runs, and they learn nothing useful.
/// Linked into the projects that use it.
/// </summary>
internal static class TrainerWeights
{
    public const string Text = "NasBert2000000.tsm", Entities = "pretrained_NasBert_14M_encoder.tsm", Answers = "pretrained_Roberta_encoder.tsm", Detection = "autoformer_11m_torchsharp.bin";

    private static readonly Assembly Trainers = typeof(NasBertTrainer).Assembly;

    /// <summary>Writes the files that are not there yet.</summary>
    /// <param name="temporaryFolder">What <c>MLContext.TempFilePath</c> is set to.</param>
    /// <param name="names">Of the files above; detection's is for as many classes as <paramref name="detectedClasses"/> says.</param>
    /// <param name="detectedClasses">How many kinds of objects.</param>
    public static void Make(string temporaryFolder, string[] names, int detectedClasses = 2)
    {
        string folder = Directory.CreateDirectory(Path.Combine(temporaryFolder, "mlnet")).FullName;
        foreach (string name in names)
        {
            string file = Path.Combine(folder, name);
            if (File.Exists(file))
                continue;
            torch.random.manual_seed(1);
            using torch.nn.Module model = Create(name, detectedClasses);
            using torch.nn.Module? encoder = name == Detection ? null : (torch.nn.Module)model.GetType().GetMethod("GetEncoder")!.Invoke(model, null)!;
            (encoder ?? model).save(file);
        }
    }

    private static torch.nn.Module Create(string name, int detectedClasses)
    {
        switch (name)
        {
            case Text:
                var text = new TextClassificationTrainer.TextClassificationOptions();
                return Create("NasBert.Models.ModelForPrediction", text, Vocabulary("PadIndex"), Vocabulary("SymbolsCount"), 2);
            case Entities:
                return Create("NasBert.Models.NerModel", new NerTrainer.NerOptions(), Vocabulary("PadIndex"), Vocabulary("SymbolsCount"), 2);
            case Answers:
                return Create("RobertaModelForQA", new QATrainer.Options());
            default:
                var detector = new AutoFormerV2(detectedClasses, [64, 128, 256, 448], [2, 2, 6, 2], [2, 4, 8, 14]);
                using (torch.no_grad()) // random weights see all anchors alike: so that one in twenty is an object, and neither all nor none
                {
                    detector.state_dict()["bbox_head.retina_cls.weight"].mul_(40);
                    detector.state_dict()["bbox_head.retina_cls.bias"].fill_(-3.5f);
                }
                return detector;
        }
    }

    private static torch.nn.Module Create(string type, params object[] arguments) =>
        (torch.nn.Module)Activator.CreateInstance((Trainers.GetType(type) ?? Trainers.GetType("Microsoft.ML.TorchSharp." + type, true))!, arguments)!;

    private static object Vocabulary(string property)
    {
        object tokenizer = Trainers.GetType("Microsoft.ML.TorchSharp.Extensions.TokenizerExtensions", true)!
            .GetMethod("GetInstance", BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, [null])!;
        return tokenizer.GetType().GetProperty(property)!.GetValue(tokenizer)!;
    }
}
