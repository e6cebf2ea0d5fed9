using ParquetSharp;
using ResTok.MLNet.Tables;

namespace ResTok.Tool.Inputs;

/// <summary>
/// A Parquet file with image files in it: a column of bytes called image, bytes, jpg, jpeg, png or webp, or a structure image with bytes
/// in it, as the Hugging Face datasets have. Beside it a label (label, cls, class_id) and an id (id, __key__, key, path), if any.
/// </summary>
internal sealed class ParquetImages(string path) : IImageSource
{
    private static readonly string[] ImageNames = ["image.bytes", "image", "bytes", "jpg", "jpeg", "png", "webp", "jpg.bytes", "png.bytes"];
    private static readonly string[] LabelNames = ["label", "labels", "cls", "class_id", "class"];
    private static readonly string[] IdNames = ["id", "__key__", "key", "path", "image.path"];

    public string Name => path;

    public long Count() => Guarded(() =>
    {
        using var file = new ParquetFileReader(path);
        return file.FileMetaData.NumRows;
    });

    public IEnumerable<InputImage> Read()
    {
        using ParquetFileReader file = Guarded(() => new ParquetFileReader(path));
        SchemaDescriptor schema = file.FileMetaData.Schema;
        int image = Find(schema, ImageNames, column => column.PhysicalType == PhysicalType.ByteArray);
        if (image < 0)
            throw new InvalidDataException($"'{path}' has no column of image files ({string.Join(", ", ImageNames)}). It has {string.Join(", ", Enumerable.Range(0, schema.NumColumns).Select(leaf => schema.Column(leaf).Path.ToDotString()))}.");
        int label = Find(schema, LabelNames, column => column.PhysicalType is PhysicalType.Int32 or PhysicalType.Int64);
        int id = Find(schema, IdNames, column => column.PhysicalType == PhysicalType.ByteArray);
        long row = 0;
        for (int group = 0; group < file.FileMetaData.NumRowGroups; group++)
        {
            var images = new List<byte[]?>();
            var labels = new List<long?>();
            var ids = new List<string?>();
            Guarded(() =>
            {
                using RowGroupReader rows = file.RowGroup(group);
                LeafReader.Bytes(rows, image, images.Add);
                if (label >= 0)
                    LeafReader.Integers(rows, label, labels.Add);
                if (id >= 0)
                    LeafReader.Texts(rows, id, ids.Add);
                return 0;
            });
            for (int i = 0; i < images.Count; i++, row++)
            {
                string name = (id >= 0 ? ids[i] : null) ?? $"{Path.GetFileName(path)}#{row}";
                byte[]? content = images[i];
                images[i] = null;
                yield return new(name, label >= 0 ? checked((int?)labels[i]) : null, () => content ?? throw new InvalidDataException($"Row '{name}' of '{path}' has no image."));
            }
        }
    }

    private static int Find(SchemaDescriptor schema, string[] names, Func<ColumnDescriptor, bool> fits)
    {
        foreach (string name in names)
        {
            for (int leaf = 0; leaf < schema.NumColumns; leaf++)
            {
                ColumnDescriptor column = schema.Column(leaf);
                if (column.MaxRepetitionLevel == 0 && column.Path.ToDotString().Equals(name, StringComparison.OrdinalIgnoreCase) && fits(column))
                    return leaf;
            }
        }
        return -1;
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ParquetException fault)
        {
            throw new InvalidDataException($"'{path}' is no Parquet file, damaged or cut short: {fault.Message.Trim()}", fault);
        }
    }
}
