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

    /// <param name="master">The trained weights, float32.</param>
    /// <param name="create">Makes a model of the same configuration in bfloat16; null to compute with the master.</param>
    public ComputeReplica(TModel master, Func<TModel>? create)
    {
        this.master = master;
        Model = create is null ? master : create();
        foreach (Parameter parameter in Model.StateDict.Values)
            parameter.requires_grad = true;
    }

    /// <summary>What to run.</summary>
    public TModel Model { get; }

    /// <summary>Brings the copy up to date with the weights.</summary>
    public void Refresh()
    {
        if (ReferenceEquals(Model, master))
            return;
        using var noGradient = no_grad();
        foreach ((string name, Parameter weight) in master.StateDict)
            Model.StateDict[name].copy_(weight);
    }

    /// <summary>Moves the copy's gradients, which the batches of a step have added up, to the weights.</summary>
    public void CollectGradients()
    {
        if (ReferenceEquals(Model, master))
            return;
        foreach ((string name, Parameter weight) in master.StateDict)
        {
            using Tensor? gradient = Model.StateDict[name].grad;
            weight.grad = gradient?.to(ScalarType.Float32);
        }
        ClearGradients(Model);
    }

    public static void ClearGradients(PretrainedModel model)
    {
        foreach (Parameter parameter in model.StateDict.Values)
            parameter.grad = null;
    }

    public void Dispose()
    {
        foreach (Parameter parameter in master.StateDict.Values)
            parameter.requires_grad = false;
        if (!ReferenceEquals(Model, master))
            Model.Dispose();
    }
}
