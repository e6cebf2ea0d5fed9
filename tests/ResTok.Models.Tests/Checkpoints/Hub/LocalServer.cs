using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResTok.Models.Tests.Checkpoints.Hub;

/// <summary>A request as it came.</summary>
internal sealed record HttpCall(string Method, string Target, Dictionary<string, string> Headers)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    /// <summary>Whether it asks for a file's content.</summary>
    public bool Gets(string file) => Method == "GET" && Target.EndsWith("/" + file, StringComparison.Ordinal);
}

/// <summary>What to send, and where to stop on purpose.</summary>
internal sealed record HttpAnswer(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>How much of the body to send; then the connection is cut, although more was promised.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether to keep silent at the cut and leave the connection open.</summary>
    public bool Hangs { get; init; }

    /// <summary>How long to take for the body, in pieces.</summary>
    public TimeSpan Duration { get; init; }

    public static HttpAnswer Refusal(int status, params (string Name, string Value)[] headers) =>
        new(status, []) { Headers = headers.ToDictionary(header => header.Name, header => header.Value) };
}

/// <summary>A web server on this machine that sends exactly the bytes it is told to, which no well-behaved one would.</summary>
internal sealed class LocalServer : IDisposable
{
    private const int Pieces = 16; // of a body that takes its time

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<HttpCall, HttpAnswer> answer;

    public LocalServer(Func<HttpCall, HttpAnswer> answer)
    {
        this.answer = answer;
        listener.Start();
        Address = new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    public Uri Address { get; }

    public ConcurrentQueue<HttpCall> Calls { get; } = [];

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                if (await ReadAsync(stream) is { } call)
                {
                    Calls.Enqueue(call);
                    await WriteAsync(stream, call, answer(call));
                }
            }
            catch (IOException)
            {
                // The client went away, as some tests want it to.
            }
        }
    }

    private static async Task<HttpCall?> ReadAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, false, 1024, leaveOpen: true); // no request has a body
        if (await reader.ReadLineAsync() is not { Length: > 0 } first)
            return null;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new(first.Split(' ')[0], first.Split(' ')[1], headers);
    }

    private static async Task WriteAsync(NetworkStream stream, HttpCall call, HttpAnswer answer)
    {
        var head = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"HTTP/1.1 {answer.Status} Said\r\nConnection: close\r\nContent-Length: {answer.Body.Length}\r\n"));
        foreach ((string name, string value) in answer.Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
        if (call.Method != "HEAD")
            await WriteBodyAsync(stream, answer);
        if (answer.Hangs)
            await stream.CopyToAsync(Stream.Null); // until the client closes
    }

    private static async Task WriteBodyAsync(NetworkStream stream, HttpAnswer answer)
    {
        int end = answer.CutAfter ?? answer.Body.Length, piece = answer.Duration > TimeSpan.Zero ? end / Pieces + 1 : Math.Max(1, end);
        for (int start = 0; start < end; start += piece)
        {
            await stream.WriteAsync(answer.Body.AsMemory(start, Math.Min(piece, end - start)));
            await Task.Delay(answer.Duration / Pieces);
        }
    }
}
