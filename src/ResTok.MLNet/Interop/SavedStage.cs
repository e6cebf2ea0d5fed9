using System.Text.Json;
using Microsoft.ML;

namespace ResTok.MLNet.Interop;

/// <summary>How a stage is read from a saved pipeline: whatever is wrong with what was saved is said, and nothing of it is believed unchecked.</summary>
internal static class SavedStage
{
    /// <summary>The version of the format from which on <see cref="InvalidRowHandling"/> is saved.</summary>
    public const uint WithOnInvalidRow = 0x00010002;

    /// <summary>Reads a stage.</summary>
    /// <param name="context">Where it was saved.</param>
    /// <param name="signature">Of the stage's format.</param>
    /// <param name="loaderSignature">Of the stage.</param>
    /// <param name="read">Reads it, given the version that was saved.</param>
    /// <exception cref="InvalidDataException">An option is damaged, or does not fit the model.</exception>
    /// <exception cref="ResTok.Models.Checkpoints.CheckpointException">Configuration or weights cannot be used.</exception>
    public static T Read<T>(ModelLoadContext context, string signature, string loaderSignature, Func<BinaryReader, int, T> read)
    {
        int version = MLNetInternals.CheckVersion(context, signature, loaderSignature);
        try
        {
            return read(context.Reader, version);
        }
        catch (Exception fault) when (fault is ArgumentException or JsonException or EndOfStreamException or FormatException)
        {
            throw MLNetInternals.Mark(new InvalidDataException($"The saved pipeline's stage {loaderSignature} is damaged: {fault.Message} Save it again.", fault));
        }
        catch (Exception fault)
        {
            MLNetInternals.Mark(fault);
            throw;
        }
    }

    /// <summary>Before it was saved, rows failed.</summary>
    public static InvalidRowHandling ReadOnInvalidRow(BinaryReader reader, int version) =>
        version >= WithOnInvalidRow ? (InvalidRowHandling)reader.ReadInt32() : InvalidRowHandling.Fail;

    /// <summary>Makes a stage of a model once the options are known to fit it; lets go of the model if they do not.</summary>
    public static T Checked<T>(SharedModel model, Action validate, Func<T> create)
    {
        try
        {
            validate();
            return create();
        }
        catch
        {
            model.Release();
            throw;
        }
    }
}
