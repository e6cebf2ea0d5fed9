namespace ResTok.Models.Training;

/// <summary>Where a run is, beside its tensors.</summary>
internal sealed record TrainingState(
    long Step = 0, int Epoch = 0, long Offset = 0, double BestLoss = double.MaxValue, int WithoutImprovement = 0);
