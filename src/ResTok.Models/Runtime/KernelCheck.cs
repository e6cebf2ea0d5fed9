using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Runtime;
internal static class KernelCheck { public static TorchRuntimeException? Run() => null; }
