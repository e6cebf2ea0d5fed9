namespace ResTok.Models.Runtime;

public static class TorchRuntime
{
    public static void EnsureLoaded() { }
}
