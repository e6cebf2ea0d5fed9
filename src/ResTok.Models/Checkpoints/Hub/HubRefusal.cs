using System.Net;

namespace ResTok.Models.Checkpoints;

/// <summary>What the hub's refusals mean to who asked.</summary>
internal static class HubRefusal
{
    /// <summary>A hub that asks for a longer rest is not waited for.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    /// <summary>Whether a 404 is about the file and not about the repository or revision.</summary>
    public static bool IsMissingFile(HttpResponseMessage response) => Code(response) is null or "EntryNotFound";

    public static HubException Explain(HttpResponseMessage response, HubOptions options, string repository, string revision, string file)
    {
        HttpStatusCode status = response.StatusCode;
        string? code = Code(response);
        bool hasToken = options.Token is { Length: > 0 };
        string page = $"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}";
        Uri asked = response.RequestMessage!.RequestUri!;
        bool isElsewhere = hasToken && asked.Authority != options.Endpoint.Authority;
        string login = isElsewhere
            ? $"The token was not sent to {asked.Authority}, to which {options.Endpoint.Authority} redirects: set HF_ENDPOINT to {asked.GetLeftPart(UriPartial.Authority)} if you trust it."
            : hasToken
            ? "Check that the token of HF_TOKEN, HubOptions.Token or `hf auth login` is valid and may read it."
            : "Set HF_TOKEN or HubOptions.Token to a token that may read it.";
        TimeSpan? rest = response.Headers.RetryAfter is { } wait ? wait.Delta ?? wait.Date - options.Time.GetUtcNow() : null;
        string message = code switch
        {
            "GatedRepo" => $"{repository} is gated: accept its terms at {page} first. {login}",
            "RevisionNotFound" => $"{repository} has no branch, tag or commit '{revision}'. Look at {page}.",
            "EntryNotFound" => $"{repository} has no file {file} at '{revision}'. Look at {page}.",
            "RepoNotFound" => $"There is no model {repository} at {options.Endpoint}, or it is private. Check the id, which is owner/name. {login}",
            _ when status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"{repository} cannot be read: the hub answers {(int)status}. {login}",
            _ when status is HttpStatusCode.TooManyRequests => $"{file} of {repository} cannot be had: the hub has had too many requests{(rest is { } time ? $" and wants {Math.Ceiling(time.TotalSeconds):0} s of rest" : "")}. Try again later.",
            _ => $"{file} of {repository} cannot be had: {response.RequestMessage!.RequestUri!.Authority} answers {(int)status} {response.ReasonPhrase}. Try again later.",
        };
        return new(message)
        {
            StatusCode = status,
            IsTransient = ((int)status is 408 or 429 or >= 500) && !(rest > LongestRest),
            RetryAfter = rest > TimeSpan.Zero ? rest : null,
        };
    }

    private static string? Code(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? values) ? values.First() : null;
}
