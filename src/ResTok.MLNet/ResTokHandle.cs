using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResTok.MLNet;

/// <summary>
/// A handle to a model's weights, for the stages that use them. The weights are loaded on first use, shared by all stages made with this
/// handle, and freed when the handle and all those stages' transformers are disposed. Safe for use by several threads.
/// </summary>
/// <typeparam name="TModel">The model.</typeparam>
/// <typeparam name="TConfig">Its configuration.</typeparam>
public abstract class ResTokHandle<TModel, TConfig> : IDisposable
    where TModel : PretrainedModel, IPretrainedModel<TModel, TConfig>
    where TConfig : class, IModelConfig<TConfig>
{
    private readonly Func<TConfig, Device, Precision, TModel> open;
    private int disposals;

    /// <summary>Weights under a path.</summary>
    private protected ResTokHandle(string path, ResTokLoadOptions? options, Func<IHostEnvironment, (string Device, string? Warning)>? find = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        string found = Locate(path), full = Path.GetFullPath(found);
        Config = TConfig.Load(found);
        Checkpoint.Open(found).Dispose(); // its head, so that what is no weights is found now and not in the first row
        open = (config, device, precision) => TModel.Load(full, device, precision, config);
        Weights = new($"{TModel.Kind} {full}", options.Precision, name => open(Config, device(name), options.Precision), find ?? TorchDevice.Find, options.StoreByReference ? full : null);
    }

    /// <summary>Weights in streams.</summary>
    private protected ResTokHandle(Func<Stream> openConfig, Func<Stream> openWeights, ResTokLoadOptions? options)
    {
        ArgumentNullException.ThrowIfNull(openConfig);
        ArgumentNullException.ThrowIfNull(openWeights);
        options ??= new();
        if (options.UsesOnnx())
            throw new ArgumentException("ONNX Runtime opens files of a folder and no streams. Load the folder that ExportOnnx wrote.", nameof(options));
        if (options.StoreByReference)
            throw new ArgumentException("A model in streams has no path to store. Leave StoreByReference out.", nameof(options));
        using (Stream stream = openConfig())
            Config = TConfig.Load(stream);
        open = (config, device, precision) =>
        {
            using Stream weights = openWeights();
            return TModel.Load(config, weights, device, precision);
        };
        Weights = new(TModel.Kind, options.Precision, name => open(Config, device(name), options.Precision), TorchDevice.Find);
    }

    /// <summary>Exported files, which are taken over.</summary>
    private protected ResTokHandle(OnnxFiles files, ResTokLoadOptions options, Func<IOnnxRuntime, OnnxFiles, string, IDisposable> openOn)
    {
        try
        {
            IOnnxRuntime runtime = OnnxPackage.Runtime;
            Config = files.ReadConfig(TConfig.Load);
            open = (_, _, _) => throw OnlyLibTorch();
            Weights = new(files.IsTemporary ? TModel.Kind : $"{TModel.Kind} {files.Folder}", Precision.Float32, Open, runtime.FindDevice, options.StoreByReference ? files.Folder : null, files);

            IDisposable Open(string device)
            {
                files.CheckUnchanged();
                return openOn(runtime, files, device);
            }
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>A model in memory, which is taken over.</summary>
    private protected ResTokHandle(TModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Config = model.Config;
        open = (config, device, precision) => Copy(model, config, device, precision);
        Weights = new(TModel.Kind, model.Precision, name => open(Config, device(name), model.Precision), TorchDevice.Find);
        Weights.Hold(model);
    }

    /// <summary>The same weights.</summary>
    /// <exception cref="ObjectDisposedException">They were freed.</exception>
    private protected ResTokHandle(ResTokHandle<TModel, TConfig> other)
    {
        (Config, Weights, open) = (other.Config, other.Weights, other.open);
        Weights.AddReference();
    }

    /// <summary>The model's configuration.</summary>
    public TConfig Config { get; }

    internal SharedWeights Weights { get; }

    /// <summary>Saves the model in the Hugging Face layout, as <see cref="PretrainedModel.Save(string)"/> does; of <see cref="ResTokBackend.Onnx"/>, its ONNX files.</summary>
    /// <param name="folder">Made where it is missing; each file in it is replaced whole or not at all.</param>
    /// <exception cref="IOException">A file cannot be written; the folder is as it was.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed.</exception>
    public void Save(string folder)
    {
        ObjectDisposedException.ThrowIf(disposals > 0, this);
        if (Weights.Files is { } files)
            files.CopyTo(folder);
        else
            ((PretrainedModel)Weights.Any()).Save(folder);
    }

    /// <summary>Lets go of the weights; transformers made with this handle keep working until they are disposed.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Interlocked.Exchange(ref disposals, 1) == 0) // a second release would take the weights from somebody else
            Weights.Release();
    }

    /// <summary>The model in libtorch, loaded if it was not.</summary>
    /// <exception cref="InvalidOperationException">ONNX Runtime computes it.</exception>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    internal TModel Get(IHostEnvironment environment)
    {
        ThrowIfNotLibTorch();
        return (TModel)Weights.Get(environment);
    }

    /// <exception cref="InvalidOperationException">ONNX Runtime computes the model.</exception>
    internal void ThrowIfNotLibTorch()
    {
        if (Weights.Files is not null)
            throw OnlyLibTorch();
    }

    /// <summary>A float32 model of the same weights that belongs to the caller, to train further.</summary>
    /// <param name="config">As <see cref="Config"/>, or with other names of classes.</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="InvalidOperationException">ONNX Runtime computes it.</exception>
    /// <exception cref="ObjectDisposedException">The handle was disposed.</exception>
    internal TModel Copy(TConfig config, Device device)
    {
        ObjectDisposedException.ThrowIf(disposals > 0, this);
        return open(config, device, Precision.Float32);
    }

    private InvalidOperationException OnlyLibTorch() => new(
        $"The {Weights.Name} computes in ONNX Runtime, which only encodes, decodes and generates. To train, evaluate or export the model, or to search for tokens, load its weights with ResTokBackend.LibTorch.");

    private static TModel Copy(TModel model, TConfig config, Device device, Precision precision)
    {
        using var json = new MemoryStream();
        // No memory stream: weights may have more than 2 GB.
        using var weights = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        model.Save(json, weights);
        weights.Position = 0;
        return TModel.Load(config, weights, device, precision);
    }

    /// <summary>What is no path may be the id of a model that is in the hub's cache.</summary>
    private static string Locate(string path) =>
        !File.Exists(path) && !Directory.Exists(path) && HuggingFaceHub.IsRepositoryId(path) && HuggingFaceHub.FindCached(path) is { } cached ? cached : path;
}
