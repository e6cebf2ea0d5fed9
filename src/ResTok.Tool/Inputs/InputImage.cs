namespace ResTok.Tool.Inputs;

/// <summary>An image of a data set.</summary>
/// <param name="Id">What it is called: its path in the data set, or its key.</param>
/// <param name="Label">Its class, or null.</param>
/// <param name="Read">Gives its file's content, on whichever thread decodes it; throws what is wrong with it.</param>
internal sealed record InputImage(string Id, int? Label, Func<byte[]> Read);
