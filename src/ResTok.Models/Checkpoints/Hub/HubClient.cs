using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Asks the hub for one repository's files. Redirects are followed here and not by <see cref="HttpClient"/>, so that the token
/// goes to the hub only and so that the hub's own description of a file is seen before its server for large files.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;

    private readonly HubOptions options;
    private readonly string repository;
    private readonly HttpClient http;

    /// <exception cref="HubException">The token cannot be sent.</exception>
    public HubClient(HubOptions options, string repository)
    {
        this.options = options;
        this.repository = repository;
        CheckToken(options.Token);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        if (options.Proxy is not null)
            handler.Proxy = options.Proxy;
        http = new(handler) { Timeout = Timeout.InfiniteTimeSpan }; // silence is limited, not the whole
        http.DefaultRequestHeaders.UserAgent.Add(new("ResTok.Models", typeof(HubClient).Assembly.GetName().Version!.ToString(3)));
        http.DefaultRequestHeaders.AcceptEncoding.Add(new("identity")); // ranges count the bytes of the file itself
    }

    public void Dispose() => http.Dispose();

    /// <summary>Asks what a file is.</summary>
    /// <returns>Null where the revision has no such file.</returns>
    /// <exception cref="HubException">The hub cannot be reached or refuses, or what answers is no hub.</exception>
    public async Task<HubFile?> FindAsync(string revision, string file, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Head, revision, file, 0, null, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound && HubRefusal.IsMissingFile(response))
            return null;
        bool isElsewhere = IsRedirect(response);
        if (!response.IsSuccessStatusCode && !isElsewhere)
            throw HubRefusal.Explain(response, options, repository, revision, file);
        string? commit = Header(response, "X-Repo-Commit");
        string? checksum = (Header(response, "X-Linked-Etag") ?? Header(response, "ETag"))?.Replace("W/", "", StringComparison.Ordinal).Trim('"');
        string? size = Header(response, "X-Linked-Size")
            ?? (isElsewhere ? null : response.Content.Headers.ContentLength?.ToString(CultureInfo.InvariantCulture));
        if (commit is null || !HubNames.IsCommit(commit) || checksum is null || !HubNames.IsChecksum(checksum)
            || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
        {
            throw new HubException($"{Place(response)} answers, but names no commit, checksum or size for {file} of {repository}, so it is no hub. Check HF_ENDPOINT, and whether a proxy or firewall answers in its place.");
        }
        return new(file, commit, checksum, bytes, isElsewhere ? null : HubValidator.In(response));
    }

    /// <summary>Asks for a file from a byte on.</summary>
    /// <returns>The headers of the answer, which is a success or says that there is no such range. The content is still to be read.</returns>
    /// <exception cref="HubException">The file is unavailable.</exception>
    public async Task<HttpResponseMessage> OpenAsync(HubFile file, long offset, HubValidator? validator, CancellationToken cancellation)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, file.Commit, file.Name, offset, validator, cancellation).ConfigureAwait(false);
        if (response.IsSuccessStatusCode || (offset > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable))
            return response;
        using (response)
            throw HubRefusal.Explain(response, options, repository, file.Commit, file.Name);
    }

    /// <summary>Waits for the network as long as it is not silent, and turns its faults into ours.</summary>
    public async Task<T> WaitAsync<T>(string file, Uri address, Func<CancellationToken, Task<T>> action, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.SilenceLimit);
        string what = $"{file} of {repository} cannot be had from {address.Authority}{(IsHub(address) ? "" : $", to which {options.Endpoint.Authority} redirects")}";
        const string Advice = "Check the network, HF_ENDPOINT and the proxy, and try again; what has arrived is kept.";
        try
        {
            return await action(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault) when (!cancellation.IsCancellationRequested)
        {
            throw new HubException($"{what}: silence for {options.SilenceLimit.TotalSeconds:0} s. {Advice}", fault) { IsTransient = true };
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isTrust = fault is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };
            throw new HubException($"{what}: {fault.Message.TrimEnd('.')}. {Advice}", fault) { IsTransient = !isTrust };
        }
    }

    /// <summary>A header holds the token, and so only what is printable ASCII. The token itself is told to nobody.</summary>
    private static void CheckToken(string? token)
    {
        for (int i = 0; i < token?.Length; i++)
        {
            if (token[i] is <= ' ' or > '~')
                throw new HubException($"The access token (of HF_TOKEN, HubOptions.Token or `hf auth login`) cannot be sent: its character {i + 1} of {token.Length} is U+{(int)token[i]:X4}, but tokens are letters, digits and signs of ASCII. Copy it again from the hub's settings, without quotes or spaces.");
        }
    }

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.Headers.Location is not null && (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string revision, string file, long offset, HubValidator? validator, CancellationToken cancellation)
    {
        string path = string.Join('/', file.Split('/').Select(Uri.EscapeDataString));
        var address = new Uri($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{path}");
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(method, address);
            if (options.Token is { Length: > 0 } && IsHub(address))
                request.Headers.Authorization = new("Bearer", options.Token);
            if (offset > 0)
                request.Headers.Range = new(offset, null);
            if (offset > 0 && validator?.Authority == address.Authority)
                request.Headers.IfRange = new(validator.Tag); // changed content then comes whole, not as the rest of another
            HttpResponseMessage response = await WaitAsync(
                file, address, token => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation).ConfigureAwait(false);
            if (!IsRedirect(response))
                return response;
            var next = new Uri(address, response.Headers.Location!);
            if (method == HttpMethod.Head && !IsHub(next) && Header(response, "X-Repo-Commit") is not null)
                return response; // the hub's own description of a file that lies elsewhere; without one, the whole hub is elsewhere
            response.Dispose();
            if (redirects == MaxRedirects || !HubOptions.IsWeb(next) || (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps))
                throw new HubException($"{file} of {repository} cannot be had: {address.Authority} redirects to {next.GetLeftPart(UriPartial.Authority)}, {(redirects == MaxRedirects ? "after too many others" : "which is not secure")}. Check HF_ENDPOINT and the proxy.");
            address = next;
        }
    }

    /// <summary>Who answered, and whose redirect led there.</summary>
    private string Place(HttpResponseMessage response)
    {
        Uri address = response.RequestMessage!.RequestUri!;
        return IsHub(address) ? options.Endpoint.AbsoluteUri : $"{address.GetLeftPart(UriPartial.Authority)}, to which {options.Endpoint} redirects,";
    }

    private bool IsHub(Uri address) => Uri.Compare(address, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;
}
