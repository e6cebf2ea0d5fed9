using System.CommandLine;
using ResTok.Models;
using ResTok.Models.Runtime;
using ResTok.Tool.Models;
using TorchSharp;

namespace ResTok.Tool.CommandLine;

/// <summary>The options of all verbs that run a model.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> model = new("--model", "-m")
    {
        Description = "A folder or weight file, a model's id on the hub (owner/name), or 'demo'.",
        DefaultValueFactory = _ => ModelChoice.Demo,
    };

    private readonly Option<string> device = new("--device")
    {
        Description = "cpu, cuda, cuda:1; by default a GPU where libtorch sees one.",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<Precision> precision = new("--precision")
    {
        Description = "Float32, or BFloat16, which is faster and changes some tokens.",
        DefaultValueFactory = _ => Precision.Float32,
    };

    public void AddTo(Command command)
    {
        command.Add(model);
        command.Add(precision);
        AddDeviceTo(command);
    }

    /// <summary>Only where to compute.</summary>
    public void AddDeviceTo(Command command) => command.Add(device);

    public ModelChoice Read(ParseResult parsed) => new(parsed.GetValue(model)!, parsed.GetValue(precision));

    /// <summary>Where to compute.</summary>
    public torch.Device ReadDevice(ParseResult parsed)
    {
        TorchRuntime.EnsureLoaded();
        string name = parsed.GetValue(device)!;
        if (name == "auto")
            return torch.cuda.is_available() ? torch.CUDA : torch.CPU;
        if (name == "cpu")
            return torch.CPU;
        string[] parts = name.Split(':');
        if (parts[0] != "cuda" || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out _)))
            throw new ArgumentException($"There is no device '{name}'. Use cpu, cuda, or cuda: and a number.");
        int index = parts.Length == 2 ? int.Parse(parts[1]) : 0;
        if (!torch.cuda.is_available() || index >= torch.cuda.device_count())
            throw new ArgumentException($"There is no device '{name}': libtorch sees {(torch.cuda.is_available() ? torch.cuda.device_count() : 0)} GPUs. Use --device cpu, or a build with TorchSharp-cuda-linux.");
        return torch.device(DeviceType.CUDA, index);
    }
}
