using System.Text.Json;
using Microsoft.ML;

namespace ResTok.MLNet.Interop;

/// <summary>How a stage is read from a saved pipeline: whatever is wrong with what was saved is said, and nothing of it is believed unchecked.</summary>
internal static class SavedStage
{
    /// <summary>
    /// The version of what the stages write. Whoever changes that raises it, and keeps reading what released versions wrote
    /// (<c>CompatibilityTests</c> has their files). Every format begins with the version of the library that wrote it.
    /// </summary>
    public const uint FormatVersion = 0x00010004;

    /// <summary>Reads a stage; the first signature is its format's.</summary>
    /// <exception cref="InvalidDataException">The format is newer than this library, or an option is damaged or does not fit the model.</exception>
    /// <exception cref="ResTok.Models.Checkpoints.CheckpointException">Configuration or weights cannot be used.</exception>
    public static T Read<T>(ModelLoadContext context, string signature, string loaderSignature, Func<BinaryReader, T> read)
    {
        MLNetInternals.CheckVersion(context, signature, loaderSignature);
        try
        {
            context.Reader.ReadString(); // the version of the library that wrote it
            return read(context.Reader);
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

    /// <summary>What to say of a stage in another format than <see cref="FormatVersion"/>.</summary>
    /// <param name="loaderSignature">Of the stage.</param>
    /// <param name="format">Its format.</param>
    /// <param name="here">The version of this library.</param>
    /// <param name="readWriter">Reads the version of the library that wrote it.</param>
    public static InvalidDataException Unreadable(string loaderSignature, uint format, string here, Func<string> readWriter)
    {
        if (format < FormatVersion)
            return new($"The saved pipeline's stage {loaderSignature} has the format {Name(format)}, which no released version of ResTok.MLNet wrote. Save the pipeline again.");
        string needed = "a newer version";
        try
        {
            if (Version.TryParse(readWriter(), out Version? version))
                needed = $"version {version} or newer";
        }
        catch (Exception fault) when (fault is IOException or FormatException)
        {
            // The file is damaged too.
        }
        return new($"The saved pipeline's stage {loaderSignature} has the format {Name(format)}, but this is ResTok.MLNet {here}, which reads formats up to {Name(FormatVersion)}. "
            + $"Use {needed} of ResTok.MLNet, or save the pipeline again with {here}.");

        static string Name(uint format) => $"{format >> 16}.{format & 0xffff}";
    }

    /// <summary>Makes a stage of a model once the options are known to fit it; lets go of the model if they do not.</summary>
    public static T Checked<T>(IDisposable model, Action validate, Func<T> create)
    {
        try
        {
            validate();
            return create();
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
