namespace ResTok.Models.Training;

/// <summary>
/// How a generator is trained (arXiv 2601.03955, section 4; reference <c>llamagen_l_c2i_restok_l_128.yaml</c>). Dropout and class
/// dropout are the model's: <see cref="GeneratorConfig"/>.
/// </summary>
public sealed record GeneratorTrainingOptions : TrainingOptions
{
    /// <summary>The reference's optimiser values where they differ from a tokenizer's: weight decay 0.05, gradient norm 1.</summary>
    public GeneratorTrainingOptions()
    {
        WeightDecay = 0.05;
        MaxGradientNorm = 1;
    }
}
