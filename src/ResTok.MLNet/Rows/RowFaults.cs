using System.Security;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Rows;

/// <summary>Reading values that cannot be read in some rows: a damaged file, a folder in a file's place, an image that was disposed.</summary>
internal static class RowFaults
{
    private const string StageKey = "ResTok.MLNet stage";

    /// <summary>Reads a value. An image is looked at too: one of a file that is cut short reads without a fault, and is black in part.</summary>
    public static void Read<T>(ValueGetter<T> getter, ref T value)
    {
        getter(ref value);
        if (value is MLImage image)
            ImageFile.Check(image);
    }

    /// <summary>Whether a fault is of the row, and not of a stage (its model, its device, its options), whose next row would be no better.</summary>
    public static bool IsOfRow(Exception fault) => !fault.Data.Contains(StageKey)
        && fault is ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException or SecurityException or NotSupportedException or InvalidOperationException
        && fault is not (CheckpointException or HubException);

    /// <summary>Marks a fault as a stage's, so that stages after it do not take it for the row's.</summary>
    public static T OfStage<T>(T fault)
        where T : Exception
    {
        fault.Data[StageKey] = true;
        return fault;
    }

    /// <summary>A column's getter. Where LoadImages reads an image's file, a fault says which, what it is and what is wrong with it.</summary>
    /// <param name="row">The row or cursor to read.</param>
    /// <param name="column">Of its schema.</param>
    /// <param name="files">Of the view that the row is of.</param>
    public static ValueGetter<T> Getter<T>(DataViewRow row, DataViewSchema.Column column, LoadedImageFiles? files)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        if (files?.PathOf(row, column) is not { } path)
            return getter;
        return (ref T value) =>
        {
            try
            {
                getter(ref value);
            }
            catch (ArgumentException) when (typeof(T) == typeof(MLImage))
            {
                ImageFile.Decode(path(), long.MaxValue, followOrientation: false).Dispose(); // says what is wrong
                throw;
            }
        };
    }

    /// <summary>A getter of an input's column for who reads it beside the computed ones: where it cannot be read, the row is handled as the stage handles others.</summary>
    public static ValueGetter<T> Guard<T>(DataViewRow row, DataViewSchema.Column column, InvalidRows invalid, LoadedImageFiles? files = null)
    {
        ValueGetter<T> getter = Getter<T>(row, column, files);
        return (ref T value) =>
        {
            try
            {
                Read(getter, ref value);
            }
            catch (Exception fault) when (IsOfRow(fault))
            {
                string text = Describe(column, row.Position, fault);
                if (!MissingValue.TrySet(column.Type, ref value))
                    throw OfStage(new InvalidOperationException(text, fault));
                invalid.Add(row.Position, text, fault);
            }
        };
    }

    /// <summary>What to say of a value that could not be read.</summary>
    public static string Describe(DataViewSchema.Column column, long row, Exception fault) =>
        $"Column '{column.Name}' has no readable {(column.Type.RawType == typeof(MLImage) ? "image" : "value")} in row {row}: {Reason(fault)}";

    /// <summary>ML.NET's LoadImages says neither which file nor what is wrong with it, and it is not always known here.</summary>
    private static string Reason(Exception fault) => fault is ArgumentException { ParamName: "imageStream" }
        ? $"its file is damaged, or none of {ImageFormat.Readable}. Read the column with ResTokLoadImages, which says which file it is and what is wrong."
        : fault.Message;
}
