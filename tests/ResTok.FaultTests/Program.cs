using System.CommandLine;
using System.Globalization;
using ResTok.FaultTests;
using ResTok.FaultTests.Files;
using ResTok.FaultTests.Kernels;
using ResTok.FaultTests.Running;

// Tries to break the library: kernels that compute wrong results, hostile files, many threads, long runs, kills and full disks. Prints figures, and exits with 1 on any finding.
var parts = new Dictionary<string, Func<PartSettings, PartFigures>>(StringComparer.Ordinal)
{
    ["kernels"] = KernelsPart.Run,
    ["safetensors"] = SafetensorsPart.Run,
    ["pytorch"] = PyTorchPart.Run,
    ["config"] = ConfigPart.Run,
    ["zip"] = PipelineZipPart.Run,
    ["threads"] = ThreadsPart.Run,
    ["memory"] = MemoryPart.Run,
    ["faults"] = FaultsPart.Run,
    ["trainers"] = TrainersPart.Run,
};

var names = new Argument<string[]>("parts") { Description = $"What to run, of {string.Join(", ", parts.Keys)}; all by default.", DefaultValueFactory = _ => [.. parts.Keys] };
var seconds = new Option<double>("--seconds") { Description = "Time for each part.", DefaultValueFactory = _ => 10 };
var full = new Option<bool>("--long") { Description = "Full counts in place of a time: all kernels, over 200,000 hostile files, 2,000 calls of each operation, 50 kills, 200 trainings of a neighbour." };
var seed = new Option<int>("--seed") { Description = "Of all chances, to repeat a run; a new one by default.", DefaultValueFactory = _ => Random.Shared.Next() };
var child = new Option<string>("--child") { Hidden = true, Description = "Runs one part in this process." };
var victim = new Option<string[]>("--victim") { Hidden = true, Arity = new(2, 2), AllowMultipleArgumentsPerToken = true, Description = "Writes in a loop until it is killed: what, and where." };
var kernels = new Option<string[]>("--kernels") { Hidden = true, Arity = new(5, 5), AllowMultipleArgumentsPerToken = true, Description = "Judges kernels in this process: condition, first place, seconds, whether all, seed." };

var command = new RootCommand("Tries to break the library, and prints what it tried.") { names, seconds, full, seed, child, victim, kernels };
command.SetAction(given =>
{
    if (given.GetValue(victim) is [var what, var where])
        return Victim.Run(what, where);
    if (given.GetValue(kernels) is [var condition, var start, var time, var all, var order])
        return KernelChild.Run(int.Parse(condition), int.Parse(start), double.Parse(time, CultureInfo.InvariantCulture), bool.Parse(all), int.Parse(order));
    var settings = new PartSettings(given.GetValue(seconds), given.GetValue(full), given.GetValue(seed));
    if (given.GetValue(child) is { } part)
        return Parts.RunHere(part, parts[part], settings);
    string[] wanted = given.GetValue(names)!;
    if (wanted.FirstOrDefault(name => !parts.ContainsKey(name)) is not { } unknown)
        return Parts.RunAll(wanted, settings);
    Console.Error.WriteLine($"There is no part '{unknown}'. Parts: {string.Join(", ", parts.Keys)}.");
    return 2;
});
return command.Parse(args).Invoke();
