using Microsoft.ML;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>Their trainers on our TorchSharp. The fifth, for answers, has half a gigabyte of weights: PackageTests run it once with all others.</summary>
public sealed class TrainerTests(WeightsFolder weights) : IClassFixture<WeightsFolder>
{
    [Theory]
    [InlineData("classification")]
    [InlineData("similarity")]
    [InlineData("entities")]
    [InlineData("detection")]
    public void A_trainer_fits_scores_saves_and_loads(string name)
    {
        TrainerRun run = FiveTrainers.Named(name);
        MLContext ml = weights.ContextFor(run);
        IDataView data = run.Data(ml);
        string predicted, zip = weights.File(name + ".zip");
        ITransformer model = run.Fit(ml, data);
        using ((IDisposable)model)
        {
            predicted = run.Predict(model.Transform(data));
            ml.Model.Save(model, data.Schema, zip);
        }
        Assert.DoesNotContain("NaN", predicted, StringComparison.Ordinal);
        Assert.NotEmpty(predicted);
        ITransformer loaded = new MLContext().Model.Load(zip, out _);
        using ((IDisposable)loaded)
            Assert.True(Predictions.Agree(predicted, run.Predict(loaded.Transform(data))), predicted);
    }

    [Fact]
    public void Training_changes_the_weights_that_initializers_made()
    {
        TrainerRun run = FiveTrainers.Named("classification");
        MLContext ml = weights.ContextFor(run);
        IDataView data = run.Data(ml);
        string Score(int seed)
        {
            ITransformer model = run.Fit(new MLContext(seed) { TempFilePath = weights.Path }, data);
            using ((IDisposable)model)
                return run.Predict(model.Transform(data));
        }
        Assert.True(Predictions.Agree(Score(1), Score(1)));
        Assert.NotEqual(Score(1), Score(2));
    }
}
