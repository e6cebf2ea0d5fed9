using ResTok.Tool.Work;
using Spectre.Console;

namespace ResTok.Tool.CommandLine;

/// <summary>Shows how far a run is: a bar in a terminal, a line now and then in a log, both on standard error.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromSeconds(0.5), LineInterval = TimeSpan.FromSeconds(30);

    /// <summary>Runs something that <paramref name="meter"/> counts.</summary>
    /// <param name="what">What is done, for the display.</param>
    /// <param name="total">How much there is, or 0 where that is not known.</param>
    /// <param name="meter">Counts.</param>
    /// <param name="run">The work.</param>
    public static void Run(string what, long total, RunMeter meter, Action run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (!console.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            using var timer = new Timer(_ => Console.Error.WriteLine($"{what}: {meter.Describe()}{Left(total, meter)}"), null, LineInterval, LineInterval);
            run();
            return;
        }
        console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(total, 1));
            task.IsIndeterminate = total == 0;
            using var timer = new Timer(
                _ =>
                {
                    task.Value = meter.Done + meter.Invalid;
                    task.Description = Markup.Escape($"{what}  {meter.PerSecond:0.0}/s, model {100 * meter.DeviceShare:0} %");
                },
                null, BarInterval, BarInterval);
            run();
        });
    }

    private static string Left(long total, RunMeter meter) =>
        total > 0 && meter.Done > 0 ? $", {TimeSpan.FromSeconds((total - meter.Done - meter.Invalid) / meter.PerSecond):d\\.hh\\:mm\\:ss} left" : "";
}
