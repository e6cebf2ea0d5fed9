using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.Tool.Models;

/// <summary>The two kinds of model.</summary>
internal enum ModelKind
{
    Tokenizer,
    Generator,
}

/// <summary>Finds out which a saved model is.</summary>
internal static class ModelKinds
{
    /// <exception cref="CheckpointException">It is neither.</exception>
    public static ModelKind Of(string path)
    {
        try
        {
            TokenizerConfig.Load(path);
            return ModelKind.Tokenizer;
        }
        catch (CheckpointException tokenizer)
        {
            try
            {
                GeneratorConfig.Load(path);
                return ModelKind.Generator;
            }
            catch (CheckpointException generator)
            {
                throw new CheckpointException($"{path} is no tokenizer ({tokenizer.Message}) and no generator ({generator.Message})", generator);
            }
        }
    }
}
