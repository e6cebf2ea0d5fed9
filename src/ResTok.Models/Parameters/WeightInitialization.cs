namespace ResTok.Models;

/// <summary>How the matrices and convolutions of a fresh tokenizer start.</summary>
public enum WeightInitialization
{
    /// <summary>Normal with standard deviation 0.02, as the reference. It suits the official widths and a long training.</summary>
    Reference,

    /// <summary>
    /// Normal with variance 1/fan-in, so that signals keep their size in networks of any width, and transformer blocks' branches scaled
    /// by 0.3, so that they start close to passing their input on. Small tokenizers need it: with 0.02 hardly anything of the image
    /// reaches their latents, and training settles for the mean image.
    /// </summary>
    FanIn,
}
