// Alone, because TorchSharp.Modules also holds layers whose names ours share.
global using Parameter = TorchSharp.Modules.Parameter;
