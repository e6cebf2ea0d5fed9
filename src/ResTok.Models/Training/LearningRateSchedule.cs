namespace ResTok.Models.Training;

/// <summary>Linear warm-up from 0, then half a cosine down to the end rate (reference <c>lr_schedulers.py</c>).</summary>
internal static class LearningRateSchedule
{
    /// <summary>The rate of a step.</summary>
    /// <param name="options">Rates and lengths.</param>
    /// <param name="step">0 for the first.</param>
    public static double At(TrainingOptions options, long step)
    {
        if (step < options.WarmupSteps)
            return options.LearningRate * step / options.WarmupSteps;
        double progress = (double)(step - options.WarmupSteps) / Math.Max(1, options.Steps - options.WarmupSteps);
        double ratio = Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress)));
        return options.EndLearningRate + (options.LearningRate - options.EndLearningRate) * ratio;
    }
}
