using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet.Interop;

/// <summary>
/// Which files the images of a view come from, where ML.NET's LoadImages reads them: its own error names none. Known where a view is
/// read, and not in a <c>PredictionEngine</c>, where a stage sees no other.
/// </summary>
internal sealed class LoadedImageFiles
{
    private readonly Dictionary<int, (DataViewSchema.Column Paths, string Folder)> files = []; // by the image column's index

    public LoadedImageFiles(IDataView view)
    {
        foreach (DataViewSchema.Column column in view.Schema)
        {
            if (column.IsHidden || column.Type.RawType != typeof(MLImage)
                || MakerOf(view, column.Name, until: null) is not RowToRowMapperTransform maker || maker.GetTransformer() is not ImageLoadingTransformer loader)
                continue;
            string name = loader.ColumnPairs.First(pair => pair.outputColumnName == column.Name).inputColumnName;
            if (view.Schema.GetColumnOrNull(name) is { Type: TextDataViewType } paths && MakerOf(view, name, until: maker.Source) is null)
                files.Add(column.Index, (paths, loader.ImageFolder ?? ""));
        }
    }

    /// <summary>The columns that must be read to know it.</summary>
    public IEnumerable<DataViewSchema.Column> PathsOf(IEnumerable<DataViewSchema.Column> images) =>
        images.Where(column => files.ContainsKey(column.Index)).Select(column => files[column.Index].Paths).ToList();

    /// <summary>What gives the path of the file that a row's image is from; null where it is not known.</summary>
    public Func<string>? PathOf(DataViewRow row, DataViewSchema.Column image)
    {
        if (!files.TryGetValue(image.Index, out (DataViewSchema.Column Paths, string Folder) file) || !row.IsColumnActive(file.Paths))
            return null;
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(file.Paths);
        return () =>
        {
            ReadOnlyMemory<char> path = default;
            getter(ref path);
            return Path.Combine(file.Folder, path.ToString());
        };
    }

    /// <summary>The view whose stage added the column that has a name now; null where none did down to the view to look back to.</summary>
    private static IDataView? MakerOf(IDataView view, string column, IDataView? until)
    {
        while (view != until && InputOf(view) is { } input)
        {
            int added = view is RowToRowMapperTransform or BatchView ? input.Schema.Count : int.MaxValue;
            if (view.Schema.GetColumnOrNull(column) is { } here && (here.Index >= added || input.Schema.GetColumnOrNull(column) is not { } before || before.Type != here.Type))
                return view;
            view = input;
        }
        return null;
    }

    private static IDataView? InputOf(IDataView view) => view switch
    {
        IDataTransform transform => transform.Source,
        BatchView stage => stage.Input,
        _ => null,
    };
}
