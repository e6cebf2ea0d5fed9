using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Parameters;

/// <summary>
/// Where a model's parameters come from. A model asks for each of its parameters once, while it is constructed, in
/// state-dict order; so a model is never built with weights that are then thrown away.
/// </summary>
internal interface IParameterSource
{
    /// <summary>Gives the parameter with a state-dict name.</summary>
    /// <returns>
    /// A CPU or device tensor of any floating type that the caller owns. Where the source has no such tensor it may return a
    /// meta tensor, remember the fault and report all of them together once the model is built.
    /// </returns>
    Tensor Get(string name, long[] shape, Initializer initializer);
}
