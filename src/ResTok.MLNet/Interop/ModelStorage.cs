using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Interop;

/// <summary>
/// Keeps a model's weights in a saved pipeline: once for each model, however many transformers share it. The first transformer
/// holds them; the others say where they are. Of ONNX files it keeps the files.
/// </summary>
internal static class ModelStorage
{
    private const byte Here = 0, Elsewhere = 1, ByReference = 2, OnnxHere = 3, OnnxByReference = 4;
    private const string WeightsEntry = "model.safetensors";
    private const int LongestConfig = 1 << 20;

    private static readonly ConditionalWeakTable<object, Dictionary<SharedWeights, string>> Saved = [];
    private static readonly ConditionalWeakTable<object, Dictionary<string, object>> Loaded = [];

    public static void Save(ModelSaveContext context, SharedWeights model, IHostEnvironment environment)
    {
        BinaryWriter writer = context.Writer;
        writer.Write((int)model.Precision);
        if (model.Reference is { } path)
        {
            model.Files?.CheckUnchanged();
            writer.Write(model.Files is null ? ByReference : OnnxByReference);
            writer.Write(path);
            writer.Write(ModelReference.Hash(model.Files?.Paths ?? Checkpoint.FilesOf(path)));
            return;
        }
        Dictionary<SharedWeights, string> places = Saved.GetOrCreateValue(context.Repository);
        if (places.TryGetValue(model, out string? place))
        {
            writer.Write(Elsewhere);
            writer.Write(place);
            return;
        }
        places.Add(model, context.Directory ?? "");
        if (model.Files is { } files)
        {
            files.CheckUnchanged();
            writer.Write(OnnxHere);
            foreach (string file in files.Paths)
                context.SaveBinaryStream(Path.GetFileName(file), target => OnnxFiles.Copy(file, target.BaseStream));
            return;
        }
        writer.Write(Here);
        using var config = new MemoryStream();
        context.SaveBinaryStream(WeightsEntry, weights => ((PretrainedModel)model.Get(environment)).Save(config, weights.BaseStream));
        writer.Write((int)config.Length);
        writer.Write(config.GetBuffer(), 0, (int)config.Length);
    }

    public static ResTokTokenizer LoadTokenizer(ModelLoadContext context, IHostEnvironment environment) => Load<ResTokTokenizer, ImageTokenizer, TokenizerConfig>(
        context, environment, OnnxLayout.Tokenizer, ResTokTokenizer.Load, ResTokTokenizer.FromModel, files => new(files, new()), handle => handle.Share());

    public static ResTokGenerator LoadGenerator(ModelLoadContext context, IHostEnvironment environment) => Load<ResTokGenerator, ImageGenerator, GeneratorConfig>(
        context, environment, OnnxLayout.Generator, ResTokGenerator.Load, ResTokGenerator.FromModel, files => new(files, new()), handle => handle.Share());

    /// <returns>A handle for the caller.</returns>
    /// <exception cref="InvalidDataException">The weights are missing or of another kind.</exception>
    private static THandle Load<THandle, TModel, TConfig>(
        ModelLoadContext context, IHostEnvironment environment, OnnxLayout layout, Func<string, ResTokLoadOptions, THandle> open, Func<TModel, THandle> create,
        Func<OnnxFiles, THandle> createOnnx, Func<THandle, THandle> share)
        where THandle : ResTokHandle<TModel, TConfig>
        where TModel : PretrainedModel, IPretrainedModel<TModel, TConfig>
        where TConfig : class, IModelConfig<TConfig>
    {
        BinaryReader reader = context.Reader;
        var precision = (Precision)reader.ReadInt32();
        if (!Enum.IsDefined(precision))
            throw new InvalidDataException($"The saved pipeline has weights of an unknown precision, {precision}. Update ResTok.MLNet, or save it again.");
        Dictionary<string, object> known = Loaded.GetOrCreateValue(context.Repository);
        byte kind = reader.ReadByte();
        switch (kind)
        {
            case ByReference or OnnxByReference:
                string path = reader.ReadString(), hash = reader.ReadString();
                if (known.TryGetValue(path, out object? referenced))
                    return Shared(referenced, path);
                bool isOnnx = kind == OnnxByReference;
                string now = ModelReference.Resolve(path, hash, place => isOnnx ? new OnnxFiles(place, layout).Paths : Checkpoint.FilesOf(place));
                THandle found = open(now, new() { Backend = isOnnx ? ResTokBackend.Onnx : ResTokBackend.LibTorch, Precision = precision, StoreByReference = true });
                known[path] = found;
                return found;
            case Elsewhere:
                string place = reader.ReadString();
                return known.TryGetValue(place, out object? shared)
                    ? Shared(shared, place)
                    : throw new InvalidDataException($"The saved pipeline lacks the weights that should be under '{place}'. Save it again.");
            case Here:
                int length = reader.ReadInt32();
                if (length is < 0 or > LongestConfig)
                    throw new InvalidDataException($"The saved pipeline claims a configuration of {length} bytes. Save it again.");
                TConfig config = TConfig.Load(new MemoryStream(reader.ReadBytes(length)));
                TModel? model = null;
                if (!context.TryLoadBinaryStream(WeightsEntry, weights => model = TModel.Load(config, weights.BaseStream, TorchDevice.Choose(environment), precision)))
                    throw new InvalidDataException($"The saved pipeline lacks its weights, {context.Directory}/{WeightsEntry}. Save it again.");
                THandle read = create(model!);
                known[context.Directory ?? ""] = read;
                return read;
            case OnnxHere:
                THandle extracted = createOnnx(OnnxFiles.Extract(layout, (name, copy) => context.TryLoadBinaryStream(name, entry => copy(entry.BaseStream))));
                known[context.Directory ?? ""] = SavedStage.Checked(extracted, () => extracted.Weights.Get(environment), () => extracted); // what cannot run is found now
                return extracted;
            default:
                throw new InvalidDataException("The saved pipeline keeps its weights in a way that this version does not know. Update ResTok.MLNet.");
        }

        THandle Shared(object handle, string at) => handle is THandle same
            ? share(same)
            : throw new InvalidDataException($"The saved pipeline has weights of another kind under '{at}'. Save it again.");
    }
}
