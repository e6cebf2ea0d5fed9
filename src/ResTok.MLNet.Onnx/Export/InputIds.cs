using ResTok.Models;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>Where each kind of input begins in the one table of embeddings that an exported generator has.</summary>
internal readonly record struct InputIds(int? NullClass, int FirstToken, int? FirstSpecial)
{
    public static InputIds Of(GeneratorConfig config)
    {
        int nullClasses = config.ClassDropout > 0 ? 1 : 0, firstToken = config.Classes + nullClasses;
        return new(nullClasses > 0 ? config.Classes : null, firstToken, config.Hierarchical ? firstToken + config.CodebookSize : null);
    }
}
