using System.IO.Compression;

namespace ResTok.MLNet.Tests;

/// <summary>Changes to saved pipelines of one stage, and what comes of them.</summary>
internal static class SavedStageFile
{
    /// <summary>Changes what the stage that holds the weights has saved.</summary>
    public static void Change(string zip, Action<byte[]> change)
    {
        using ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update);
        string folder = archive.Entries.Single(entry => entry.Name == "model.safetensors").FullName[..^"model.safetensors".Length];
        ZipArchiveEntry stage = archive.Entries.Single(entry => entry.FullName.Replace('\\', '/') == folder.Replace('\\', '/') + "Model.key");
        var bytes = new byte[stage.Length];
        using Stream stream = stage.Open();
        stream.ReadExactly(bytes);
        change(bytes);
        stream.Position = 0;
        stream.Write(bytes);
    }

    /// <summary>The fault that Model.Load wrapped.</summary>
    public static T Inner<T>(Action action)
        where T : Exception
    {
        Exception? fault = Assert.Throws<InvalidOperationException>(action);
        while (fault is not null and not T)
            fault = fault.InnerException;
        return Assert.IsType<T>(fault);
    }
}
