namespace ResTok.Models.Training;

/// <summary>The state of a training run after a step.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Steps">Optimiser steps in all.</param>
/// <param name="Metrics">Losses and other figures by name, averaged over the steps since the last report.</param>
/// <param name="SamplesPerSecond">Samples by the time since the last report.</param>
/// <param name="TimeLeft">At this speed.</param>
public sealed record TrainingProgress(
    long Step, long Steps, IReadOnlyDictionary<string, double> Metrics, double SamplesPerSecond, TimeSpan TimeLeft);
