using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResTok.Models;

namespace ResTok.MLNet.Interop;

/// <summary>
/// Keeps a model's weights in a saved pipeline: once for each model, however many transformers share it. The first transformer
/// holds them; the others say where they are.
/// </summary>
internal static class ModelStorage
{
    private const byte Here = 0, Elsewhere = 1, ByReference = 2;
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
            writer.Write(ByReference);
            writer.Write(path);
            writer.Write(ModelReference.Hash(path));
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
        writer.Write(Here);
        using var config = new MemoryStream();
        context.SaveBinaryStream(WeightsEntry, weights => model.Save(environment, config, weights.BaseStream));
        writer.Write((int)config.Length);
        writer.Write(config.GetBuffer(), 0, (int)config.Length);
    }

    public static ResTokTokenizer LoadTokenizer(ModelLoadContext context, IHostEnvironment environment) => Load<ResTokTokenizer, ImageTokenizer, TokenizerConfig>(
        context, environment, (path, options) => ResTokTokenizer.Load(path, options), ResTokTokenizer.FromModel, handle => handle.Share());

    public static ResTokGenerator LoadGenerator(ModelLoadContext context, IHostEnvironment environment) => Load<ResTokGenerator, ImageGenerator, GeneratorConfig>(
        context, environment, (path, options) => ResTokGenerator.Load(path, options), ResTokGenerator.FromModel, handle => handle.Share());

    /// <returns>A handle for the caller.</returns>
    /// <exception cref="InvalidDataException">The weights are missing or of another kind.</exception>
    private static THandle Load<THandle, TModel, TConfig>(
        ModelLoadContext context, IHostEnvironment environment, Func<string, ResTokLoadOptions, THandle> open, Func<TModel, THandle> create, Func<THandle, THandle> share)
        where THandle : ResTokHandle<TModel, TConfig>
        where TModel : PretrainedModel, IPretrainedModel<TModel, TConfig>
        where TConfig : class, IModelConfig<TConfig>
    {
        BinaryReader reader = context.Reader;
        var precision = (Precision)reader.ReadInt32();
        if (!Enum.IsDefined(precision))
            throw new InvalidDataException($"The saved pipeline has weights of an unknown precision, {precision}. Update ResTok.MLNet, or save it again.");
        Dictionary<string, object> known = Loaded.GetOrCreateValue(context.Repository);
        switch (reader.ReadByte())
        {
            case ByReference:
                string path = reader.ReadString(), hash = reader.ReadString();
                if (known.TryGetValue(path, out object? referenced))
                    return Shared(referenced, path);
                THandle found = open(ModelReference.Resolve(path, hash), new() { Precision = precision, StoreByReference = true });
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
            default:
                throw new InvalidDataException("The saved pipeline keeps its weights in a way that this version does not know. Update ResTok.MLNet.");
        }

        THandle Shared(object handle, string at) => handle is THandle same
            ? share(same)
            : throw new InvalidDataException($"The saved pipeline has weights of another kind under '{at}'. Save it again.");
    }
}
