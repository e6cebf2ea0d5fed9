using System.Net;
using System.Net.Http.Headers;
using Polly;

namespace ResTok.Models.Checkpoints;

/// <summary>Brings one content to disk: what arrives is kept, also across runs, and is complete once its checksum is right.</summary>
/// <param name="client">The repository.</param>
/// <param name="retry">How to go on after faults.</param>
/// <param name="file">The file.</param>
/// <param name="path">Where to collect it, under a name that says that it is incomplete.</param>
/// <param name="progress">Told about every piece.</param>
internal sealed class HubDownload(HubClient client, ResiliencePipeline retry, HubFile file, string path, IProgress<HubProgress>? progress)
{
    private const int BufferSize = 1 << 20;

    /// <summary>A connection that brought this much was good: what comes after it counts as a first attempt.</summary>
    private const long GoodLength = 1 << 20;

    private readonly byte[] buffer = new byte[BufferSize];
    private HubValidator? validator = file.Validator;
    private bool wasWrong;

    /// <exception cref="HubException">It is unavailable, or is not what the hub says.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!await retry.ExecuteAsync(AttemptAsync, cancellation).ConfigureAwait(false))
        {
        }
    }

    /// <returns>Whether it is complete and right; false where the connection broke after a good length.</returns>
    private async ValueTask<bool> AttemptAsync(CancellationToken cancellation)
    {
        var target = new FileStream(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 0, useAsync: true);
        await using (target.ConfigureAwait(false))
        {
            if (target.Length != file.Size && !await ReceiveAsync(target, cancellation).ConfigureAwait(false))
                return false;
            target.Flush(flushToDisk: true);
            string checksum = await HubChecksum.ComputeAsync(target, file.Checksum, cancellation).ConfigureAwait(false);
            return checksum == file.Checksum ? true : throw Discard($"its checksum is {checksum}, not {file.Checksum}");
        }
    }

    /// <summary>Appends what is missing.</summary>
    private async Task<bool> ReceiveAsync(FileStream target, CancellationToken cancellation)
    {
        long start = target.Length > file.Size ? 0 : target.Length;
        using HttpResponseMessage response = await client.OpenAsync(file, start, validator, cancellation).ConfigureAwait(false);
        if (start > 0 && response.StatusCode != HttpStatusCode.OK && !IsRest(response, start))
            throw Discard($"the server answers {(int)response.StatusCode} with another range than was asked for");
        if (response.StatusCode == HttpStatusCode.OK)
            start = 0; // it knows no ranges, or the content changed
        validator = HubValidator.In(response);
        if (target.Length > start)
            target.SetLength(start);
        target.Position = start;
        progress?.Report(new(file.Name, start, file.Size));
        try
        {
            await CopyAsync(response, target, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (HubException fault) when (fault.IsTransient && target.Position - start >= GoodLength)
        {
            return false;
        }
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream target, CancellationToken cancellation)
    {
        Uri address = response.RequestMessage!.RequestUri!;
        Stream content = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        while (target.Position < file.Size)
        {
            int count = await client.WaitAsync(file.Name, address, token => content.ReadAsync(buffer, token).AsTask(), cancellation).ConfigureAwait(false);
            if (count == 0)
                throw new HubException($"{file.Name} ends after {target.Position} of {file.Size} bytes at {address.Authority}. Try again; what has arrived is kept.") { IsTransient = true };
            if (count > file.Size - target.Position)
                throw Discard($"it is longer than the {file.Size} bytes that the hub says");
            await target.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            progress?.Report(new(file.Name, target.Position, file.Size));
        }
    }

    private bool IsRest(HttpResponseMessage response, long start) => response.StatusCode == HttpStatusCode.PartialContent
        && response.Content.Headers.ContentRange is ContentRangeHeaderValue range && range.From == start && (range.Length ?? file.Size) == file.Size;

    /// <summary>Removes what arrived, which is of no use. Once it may be the remains of an earlier run; twice it is the server.</summary>
    private HubException Discard(string why)
    {
        File.Delete(path);
        validator = null;
        var fault = new HubException($"{file.Name} does not arrive as the hub describes it: {why}. It was removed. Something between here and the hub may change it: try again, or over another network or without the proxy.")
        {
            IsTransient = !wasWrong,
        };
        wasWrong = true;
        return fault;
    }
}
