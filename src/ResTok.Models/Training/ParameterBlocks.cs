using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// Parameters and their gradients side by side in a few blocks of memory, so that the optimiser, the averages and a copy in another
/// number format take a few calls for all of them and not some twenty for each. The parameters keep their names, shapes and
/// values: each becomes a view of its block.
/// </summary>
internal sealed class ParameterBlocks : IDisposable
{
    private const long Alignment = 16; // elements: 64 bytes of float32

    private readonly Parameter[] parameters;
    private readonly List<Block> blocks = [];

    /// <param name="parameters">Under their names; on one device.</param>
    /// <param name="kindOf">Parameters of one kind share a block. The blocks stand in the order in which their kinds first occur.</param>
    public ParameterBlocks(IReadOnlyDictionary<string, Parameter> parameters, Func<string, Parameter, (ScalarType Type, bool Decays)> kindOf)
    {
        this.parameters = [.. parameters.Values];
        using var noGradient = no_grad();
        foreach (var kind in parameters.GroupBy(entry => kindOf(entry.Key, entry.Value)))
        {
            var places = new List<Place>();
            long end = 0;
            foreach ((string name, Parameter parameter) in kind)
            {
                places.Add(new(name, end, parameter.shape));
                end = (end + parameter.numel() + Alignment - 1) / Alignment * Alignment;
            }
            Parameter first = kind.First().Value;
            var block = new Block(
                kind.Key.Decays, places,
                zeros(end, first.dtype, first.device).DetachFromDisposeScope(), zeros(end, first.dtype, first.device).DetachFromDisposeScope());
            blocks.Add(block);
            foreach (Place place in places)
            {
                using Tensor value = place.In(block.Values), gradient = place.In(block.Gradients);
                Parameter parameter = parameters[place.Name];
                value.copy_(parameter);
                parameter.set_(value);
                parameter.grad = gradient;
            }
        }
    }

    public IReadOnlyList<Block> All => blocks;

    /// <summary>Zeroed blocks of the same shapes in float32.</summary>
    public Tensor[] ZerosAlike() =>
        [.. blocks.Select(block => zeros(block.Values.shape, ScalarType.Float32, block.Values.device).DetachFromDisposeScope())];

    /// <summary>The parts of blocks as <see cref="ZerosAlike"/> makes them, under the parameters' names. They are views; dispose them.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Named(IReadOnlyList<Tensor> alike) =>
        blocks.Zip(alike).SelectMany(pair => pair.First.Places.Select(place => KeyValuePair.Create(place.Name, place.In(pair.Second).DetachFromDisposeScope())));

    /// <summary>
    /// Whoever wrote to the values of a block says so: the kernels that pack weights notice only what is written to a parameter itself.
    /// </summary>
    public void Written()
    {
        foreach (Parameter parameter in parameters)
            PackedWeights.Free(parameter);
    }

    public void ClearGradients()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (Block block in blocks)
            block.Gradients.zero_();
    }

    /// <summary>Scales the gradients down where together they are longer than a limit.</summary>
    /// <param name="limit">0 for none.</param>
    /// <returns>Their length before.</returns>
    public double ClipGradients(double limit)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double length = stack([.. blocks.Select(block => block.Gradients.norm())]).norm().item<float>();
        if (limit > 0 && limit / (length + 1e-6) is < 1 and var share)
        {
            foreach (Block block in blocks)
                block.Gradients.mul_(share);
        }
        return length;
    }

    /// <summary>Frees the gradients. The parameters stay as they are.</summary>
    public void Dispose()
    {
        foreach (Block block in blocks)
        {
            block.Values.Dispose();
            block.Gradients.Dispose();
        }
    }

    /// <param name="Decays">Whether its parameters are subject to weight decay.</param>
    /// <param name="Places">Where which parameter is.</param>
    /// <param name="Values">[n]; the parameters are views of it.</param>
    /// <param name="Gradients">[n]; their gradients are views of it.</param>
    public sealed record Block(bool Decays, IReadOnlyList<Place> Places, Tensor Values, Tensor Gradients);

    public sealed record Place(string Name, long Start, long[] Shape)
    {
        public Tensor In(Tensor block)
        {
            using Tensor part = block.narrow(0, Start, Shape.Aggregate(1L, (product, side) => product * side));
            return part.view(Shape);
        }
    }
}
