namespace ResTok.Models.Runtime;
public sealed class TorchRuntimeException : Exception { }
