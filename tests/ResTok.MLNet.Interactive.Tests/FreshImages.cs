using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Interactive.Tests;

/// <summary>A data view that gives a new copy of an image to everyone who reads one, as decoding does, and remembers them all.</summary>
internal sealed class FreshImages(IDataView source) : IDataView
{
    public List<MLImage> Given { get; } = [];

    public DataViewSchema Schema => source.Schema;

    public bool CanShuffle => false;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, source.GetRowCursor(columnsNeeded));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(FreshImages owner, DataViewRowCursor source) : DataViewRowCursor
    {
        public override long Position => source.Position;

        public override long Batch => source.Batch;

        public override DataViewSchema Schema => owner.Schema;

        public override bool MoveNext() => source.MoveNext();

        public override bool IsColumnActive(DataViewSchema.Column column) => source.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => source.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            ValueGetter<TValue> getter = source.GetGetter<TValue>(column);
            if (getter is not ValueGetter<MLImage> images)
                return getter;
            MLImage mine = null!;
            return (ValueGetter<TValue>)(Delegate)(ValueGetter<MLImage>)((ref MLImage value) =>
            {
                images(ref mine);
                value = MLImage.CreateFromPixels(mine.Width, mine.Height, mine.PixelFormat, mine.Pixels);
                owner.Given.Add(value);
            });
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                source.Dispose();
            base.Dispose(disposing);
        }
    }
}
