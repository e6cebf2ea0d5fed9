using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Onnx.Tests;

[Collection(nameof(StageFixture))]
public sealed class StageMemoryTests(StageFixture models)
{
    [Fact]
    public void Loops_of_predictions_and_of_loading_leave_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 1);
        using (ResTokTokenizer tokenizer = ResTokTokenizer.Load(models.Folder, StageFixture.Onnx))
        using (ResTokGenerator generator = ResTokGenerator.Load(models.Folder, StageFixture.Onnx))
        {
            ITransformer fitted = StageFixture.Pipeline(ml, tokenizer, generator).Fit(StageFixture.Data(ml));
            ml.Model.Save(fitted, StageFixture.Data(ml).Schema, folder["pipeline.zip"]);
            (fitted as IDisposable)?.Dispose();
        }
        string[] before = StageFixture.TemporaryFolders;
        Load(5);
        long memory = Settled();
        Load(30);
        Assert.InRange(Settled() - memory, long.MinValue, 60L << 20); // a loaded pipeline has three sessions, some 10 MB
        Assert.Empty(StageFixture.TemporaryFolders.Except(before));

        void Load(int times)
        {
            for (int i = 0; i < times; i++)
            {
                ITransformer loaded = ml.Model.Load(folder["pipeline.zip"], out _);
                _ = StageFixture.Read(loaded.Transform(StageFixture.Data(ml, 5)));
                (loaded as IDisposable)?.Dispose();
            }
        }

        static long Settled()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return Environment.WorkingSet;
        }
    }
}
