namespace ResTok.Tool.Inputs;

/// <summary>Images that are read one after another: a tar shard, a Parquet file, a list of files.</summary>
internal interface IImageSource
{
    /// <summary>For messages.</summary>
    string Name { get; }

    /// <summary>How many there are, without reading them.</summary>
    long Count();

    /// <summary>The images in order. What is wrong with one of them is thrown when that one is read.</summary>
    IEnumerable<InputImage> Read();
}
