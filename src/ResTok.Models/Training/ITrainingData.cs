namespace ResTok.Models.Training;

/// <summary>Samples to train on, read epoch by epoch.</summary>
/// <typeparam name="T">A sample.</typeparam>
public interface ITrainingData<T>
{
    /// <summary>Reads all samples once, in an order that depends on nothing but the epoch.</summary>
    /// <param name="epoch">0 for the first.</param>
    /// <returns>
    /// The samples; each is made only when its value is asked for, which must be before the next is moved to. Resuming skips samples
    /// without making them.
    /// </returns>
    IEnumerable<Lazy<T>> Read(int epoch);
}
