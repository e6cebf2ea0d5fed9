/// <summary>What was measured of a trained demo model.</summary>
/// <param name="Psnr">Mean PSNR in dB of held-out drawings by the number of leading tokens.</param>
/// <param name="CodebookUsed">Share of the codebook that held-out drawings use.</param>
/// <param name="ClassifierAccuracy">Share of held-out drawings that the classifier puts in their class.</param>
/// <param name="ReconstructedAccuracy">The same of their reconstructions.</param>
/// <param name="GeneratedAccuracy">Share of generated pictures that it puts in the class asked for.</param>
/// <param name="GeneratedByClass">The same class by class.</param>
/// <param name="GeneratedCount">How many pictures were generated.</param>
/// <param name="Twins">How many generated pictures have the tokens of another of their class.</param>
/// <param name="Spread">Mean distance between generated pictures of a class, as a share of that between drawings of the class.</param>
internal sealed record DemoMetrics(
    IReadOnlyDictionary<int, double> Psnr, double CodebookUsed, double ClassifierAccuracy, double ReconstructedAccuracy,
    double GeneratedAccuracy, IReadOnlyList<double> GeneratedByClass, int GeneratedCount, int Twins, double Spread);
