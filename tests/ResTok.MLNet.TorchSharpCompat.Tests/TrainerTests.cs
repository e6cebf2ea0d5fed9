using Microsoft.ML;
using ResTok.Models.Runtime;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

public sealed class TrainerTests
{
    [Theory]
    [InlineData("classification"), InlineData("similarity"), InlineData("entities"), InlineData("detection"), InlineData("answers")]
    public void Every_trainer_fits_scores_saves_and_loads_on_our_torchsharp(string name)
    {
        TorchRuntime.EnsureLoaded();
        string folder = Path.Combine(Path.GetTempPath(), "restok-w");
        TrainerRun run = FiveTrainers.Named(name);
        TrainerWeights.Make(folder, run.Weights);
        var ml = new MLContext(seed: 1) { TempFilePath = folder };
        IDataView data = run.Data(ml);
        ITransformer model = run.Pipeline(ml).Fit(data);
        string predicted = run.Predict(model.Transform(data));
        Assert.NotEmpty(predicted);
        string zip = Path.Combine(folder, name + ".zip");
        ml.Model.Save(model, data.Schema, zip);
        (model as IDisposable)?.Dispose();
        ITransformer loaded = ml.Model.Load(zip, out _);
        Assert.Equal(predicted, run.Predict(loaded.Transform(data)));
        (loaded as IDisposable)?.Dispose();
    }
}
