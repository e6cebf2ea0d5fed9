using Microsoft.ML;

/// <summary>Saved pipelines.</summary>
internal static class PipelineFile
{
    /// <summary>Saves beside and then renames: ML.NET writes in place, and a save that is cut short would cost the one before.</summary>
    public static void Save(MLContext ml, ITransformer model, DataViewSchema? schema, string path)
    {
        ml.Model.Save(model, schema, path + ".tmp");
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
