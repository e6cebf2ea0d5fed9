using ParquetSharp;

namespace ResTok.MLNet.Tables;

/// <summary>One Parquet file of a token table. Opening it reads its metadata and its first row.</summary>
internal sealed class TokenTableFile
{
    private readonly TokenColumns columns;

    /// <exception cref="InvalidDataException">It is no Parquet file, damaged, or has no column of tokens.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public TokenTableFile(string path, TokenTableOptions names)
    {
        Path = path;
        using Reading reading = Open();
        FileMetaData metadata = reading.File.FileMetaData;
        Metadata = TokenTableMetadata.FromPairs(metadata.KeyValueMetadata);
        columns = TokenColumns.Find(metadata.Schema, names, path);
        var counts = new List<int>();
        HasLabels = false;
        for (int group = 0; group < metadata.NumRowGroups; group++)
        {
            using RowGroupReader rows = reading.File.RowGroup(group);
            counts.Add(checked((int)rows.MetaData.NumRows));
            HasLabels |= columns.Label >= 0 && HasValues(rows, columns.Label);
        }
        GroupRows = counts;
        try
        {
            if (counts.FindIndex(count => count > 0) is >= 0 and int first)
                TokensPerRow = FirstRow(reading.File, first);
        }
        catch (ParquetException fault)
        {
            throw Damaged(fault);
        }
    }

    public string Path { get; }

    public TokenTableMetadata Metadata { get; }

    /// <summary>Rows of each group.</summary>
    public IReadOnlyList<int> GroupRows { get; }

    /// <summary>0 where there are no rows.</summary>
    public int TokensPerRow { get; }

    public bool HasIds => columns.Id >= 0;

    public bool HasLabels { get; }

    public bool HasViews => columns.View >= 0;

    public long Rows => GroupRows.Sum(count => (long)count);

    /// <summary>What the tokens take in the file.</summary>
    public long TokenBytes()
    {
        using Reading reading = Open();
        long bytes = 0;
        for (int group = 0; group < GroupRows.Count; group++)
        {
            using RowGroupReader rows = reading.File.RowGroup(group);
            using ColumnChunkMetaData chunk = rows.MetaData.GetColumnChunkMetaData(columns.Tokens);
            bytes += chunk.TotalCompressedSize;
        }
        return bytes;
    }

    /// <summary>Opens the file for several groups; the caller disposes it.</summary>
    public Reading Open()
    {
        try
        {
            using var properties = ReaderProperties.GetDefaultReaderProperties();
            properties.EnablePageChecksumVerification();
            return new(new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), properties);
        }
        catch (ParquetException fault)
        {
            throw Damaged(fault);
        }
    }

    /// <summary>Adds the rows of a group to what is there.</summary>
    /// <param name="reading">The open file.</param>
    /// <param name="group">From 0.</param>
    /// <param name="rows">Gets them.</param>
    /// <param name="wanted">The columns to read.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or a row has more or fewer tokens than the first.</exception>
    public void Read(Reading reading, int group, TokenRows rows, TokenTableColumns wanted)
    {
        try
        {
            using RowGroupReader from = reading.File.RowGroup(group);
            if (wanted.HasFlag(TokenTableColumns.Ids) && HasIds)
                LeafReader.Texts(from, columns.Id, rows.Ids.Add);
            if (wanted.HasFlag(TokenTableColumns.Labels) && columns.Label >= 0)
                LeafReader.Integers(from, columns.Label, value => rows.Labels.Add(checked((int?)value)));
            if (wanted.HasFlag(TokenTableColumns.Views) && HasViews)
                LeafReader.Integers(from, columns.View, value => rows.Views.Add(checked((int)(value ?? 0))));
            if (wanted.HasFlag(TokenTableColumns.Tokens))
                ReadTokens(from, group, rows.Tokens);
            rows.Count += GroupRows[group];
        }
        catch (Exception fault) when (fault is ParquetException or OverflowException)
        {
            throw Damaged(fault);
        }
    }

    private void ReadTokens(RowGroupReader from, int group, List<int> tokens)
    {
        int row = -1, inRow = TokensPerRow;
        LeafReader.Lists(from, columns.Tokens, (begins, token) =>
        {
            if (begins)
            {
                CheckRow();
                row++;
                inRow = 0;
            }
            if (token is not { } id)
                throw new InvalidDataException($"Row {RowsBefore(group) + row} of '{Path}' has {(begins ? "no tokens" : "a missing token")}.");
            tokens.Add(checked((int)id));
            inRow++;
            return true;
        });
        CheckRow();
        if (row + 1 != GroupRows[group])
            throw new InvalidDataException($"'{Path}' is damaged: its row group {group} has tokens of {row + 1} rows, but {GroupRows[group]} rows.");

        void CheckRow()
        {
            if (inRow != TokensPerRow)
                throw new InvalidDataException($"Row {RowsBefore(group) + row} of '{Path}' has {inRow} tokens, but the first row has {TokensPerRow}; all rows must have as many.");
        }
    }

    private int FirstRow(ParquetFileReader file, int group)
    {
        using RowGroupReader rows = file.RowGroup(group);
        int count = 0, row = 0;
        LeafReader.Lists(rows, columns.Tokens, (begins, token) =>
        {
            row += begins ? 1 : 0;
            count += row == 1 && token is not null ? 1 : 0;
            return row == 1;
        });
        return count > 0 ? count : throw new InvalidDataException($"The first row of '{Path}' has no tokens.");
    }

    private static bool HasValues(RowGroupReader rows, int leaf)
    {
        using ColumnChunkMetaData chunk = rows.MetaData.GetColumnChunkMetaData(leaf);
        using Statistics? statistics = chunk.Statistics;
        return statistics is null || statistics.NullCount < rows.MetaData.NumRows;
    }

    private long RowsBefore(int group) => GroupRows.Take(group).Sum(count => (long)count);

    private InvalidDataException Damaged(Exception fault) =>
        new($"'{Path}' is no Parquet file, damaged or cut short: {fault.Message.Trim()}", fault);

    /// <summary>An open file.</summary>
    internal sealed class Reading(FileStream stream, ReaderProperties properties) : IDisposable
    {
        public ParquetFileReader File { get; } = OpenFile(stream, properties);

        public void Dispose()
        {
            File.Dispose();
            stream.Dispose();
        }

        private static ParquetFileReader OpenFile(FileStream stream, ReaderProperties properties)
        {
            try
            {
                return new(stream, properties, leaveOpen: true);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
    }
}
