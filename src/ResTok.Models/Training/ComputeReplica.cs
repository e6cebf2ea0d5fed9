using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// The model that runs forward and backward: the trained one itself, or a copy of it in bfloat16 whose gradients are added to the
/// float32 weights' (TorchSharp has no autocast).
/// </summary>
internal sealed class ComputeReplica<TModel> : IDisposable
    where TModel : PretrainedModel
{
    private readonly TModel master;
    private readonly ParameterBlocks? blocks; // of the copy

    /// <param name="master">The trained weights, float32.</param>
    /// <param name="create">Makes a model of the same configuration in bfloat16; null to compute with the master.</param>
    /// <param name="isTrained">Of a name, whether that parameter learns; by default all do. Others get no gradient and do not decay.</param>
    public ComputeReplica(TModel master, Func<TModel>? create, Func<string, bool>? isTrained = null)
    {
        this.master = master;
        Model = create is null ? master : create();
        // The copy's blocks and the master's are alike: what decays in the copy's number formats.
        Master = new(master.StateDict, KindOf);
        blocks = create is null ? null : new(Model.StateDict, KindOf);
        foreach ((string name, Parameter parameter) in Model.StateDict)
            parameter.requires_grad = IsTrained(name);

        (ScalarType, bool) KindOf(string name, Parameter parameter) => (Model.StateDict[name].dtype, IsTrained(name) && AdamW.Decays(name, parameter));

        bool IsTrained(string name) => isTrained?.Invoke(name) ?? true;
    }

    /// <summary>What to run.</summary>
    public TModel Model { get; }

    /// <summary>The trained weights and their gradients.</summary>
    public ParameterBlocks Master { get; }

    /// <summary>Brings the copy up to date with the weights.</summary>
    public void Refresh()
    {
        using var noGradient = no_grad();
        foreach ((ParameterBlocks.Block copy, ParameterBlocks.Block own) in Pairs())
            copy.Values.copy_(own.Values);
    }

    /// <summary>Moves the copy's gradients, which the batches of a step have added up, to the weights.</summary>
    public void CollectGradients()
    {
        using var noGradient = no_grad();
        foreach ((ParameterBlocks.Block copy, ParameterBlocks.Block own) in Pairs())
            own.Gradients.copy_(copy.Gradients);
        blocks?.ClearGradients();
    }

    public void Dispose()
    {
        foreach (Parameter parameter in master.StateDict.Values)
        {
            parameter.requires_grad = false;
            parameter.grad = null;
        }
        Master.Dispose();
        if (blocks is null)
            return;
        blocks.Dispose();
        Model.Dispose();
    }

    private IEnumerable<(ParameterBlocks.Block Copy, ParameterBlocks.Block Own)> Pairs() => blocks is null ? [] : blocks.All.Zip(Master.All);
}
