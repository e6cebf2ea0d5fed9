using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Models.Runtime;
using ResTok.Models.Training;

namespace ResTok.Tool.CommandLine;

/// <summary>What verbs have in common: how they end.</summary>
internal static class Verb
{
    /// <summary>Something could not be done.</summary>
    public const int Failed = 1;

    /// <summary>The run was stopped, and goes on when it is started again (EX_TEMPFAIL).</summary>
    public const int Stopped = 75;

    /// <summary>Runs a verb; what is the user's to mend becomes one line, and not a stack trace.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="run">Returns the exit code; its token is cancelled by SIGTERM and Ctrl-C.</param>
    public static Command Runs(this Command command, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        command.SetAction(async (parsed, _) =>
        {
            using var stop = new StopSignals();
            try
            {
                return await run(parsed, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                Console.Error.WriteLine("restok: stopped. The same command goes on.");
                return Stopped;
            }
            catch (Exception fault) when (IsUsers(fault))
            {
                Console.Error.WriteLine($"restok: {fault.Message}");
                return Failed;
            }
        });
        return command;
    }

    private static bool IsUsers(Exception fault) =>
        fault is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or NotSupportedException
            or CheckpointException or HubException or TorchRuntimeException or TrainingException;
}
