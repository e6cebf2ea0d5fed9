namespace ResTok.MLNet;

/// <summary>How far a long generation is.</summary>
/// <param name="Images">Rows finished by the cursor that reports.</param>
/// <param name="Pass">Passes of the network done for the batch at work.</param>
/// <param name="Passes">Its passes in all.</param>
/// <param name="ImagesPerSecond">Finished rows by the time spent on them; 0 before the first batch is finished.</param>
public readonly record struct ResTokGenerationProgress(long Images, int Pass, int Passes, double ImagesPerSecond);
