using System.Diagnostics;
using Microsoft.ML;
using ResTok.FaultTests.Files;

namespace ResTok.FaultTests.Running;

/// <summary>
/// The object detection of Microsoft.ML.TorchSharp, trained, used, saved and loaded over and over beside our libtorch: on a processor whose
/// convolutions were wrong it ended the process once in three runs.
/// </summary>
internal static class TrainersPart
{
    private const int Rounds = 200, SavedEvery = 10;

    public static PartFigures Run(PartSettings settings)
    {
        using var trial = new Fuzzing(settings, fault => false, hangSeconds: 120);
        TrainerRun run = FiveTrainers.Named("detection");
        TrainerWeights.Make(trial.Folder, [run.Weights]);
        string zip = Path.Combine(trial.Folder, "detection.zip");
        string? first = null;
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round == 0 || !settings.IsOver(round, Rounds, Stopwatch.GetElapsedTime(start)); round++)
        {
            bool saves = round % SavedEvery == 0;
            trial.TryAll([($"round {round}", () => Round(saves))]);
        }
        return trial.Finish();

        void Round(bool saves)
        {
            var ml = new MLContext(seed: 1) { TempFilePath = trial.Folder };
            IDataView data = ml.Data.TakeRows(run.Data(ml), 1);
            ITransformer model = run.Fit(ml, data);
            using (model as IDisposable)
            {
                Check(model);
                if (saves)
                    ml.Model.Save(model, data.Schema, zip);
            }
            if (!saves)
                return;
            ITransformer loaded = ml.Model.Load(zip, out _);
            using (loaded as IDisposable)
                Check(loaded);

            void Check(ITransformer trained)
            {
                string predicted = run.Predict(trained.Transform(data));
                if (!Predictions.Agree(predicted, first ??= predicted))
                    throw new InvalidOperationException("The same training on the same seed gave another model.");
            }
        }
    }
}
