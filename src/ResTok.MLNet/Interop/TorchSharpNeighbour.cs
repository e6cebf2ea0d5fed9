using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using ResTok.Models.Runtime;

namespace ResTok.MLNet.Interop;

/// <summary>
/// Microsoft.ML.TorchSharp in the same process. As it is published it disposes its own parameters on TorchSharp 0.107, and what its users
/// see is "Tensor invalid -- empty handle". No code of this library stands on the way of such a call, so the exception itself is given
/// the sentence that helps, while it is thrown. With ResTok.MLNet.TorchSharpCompat there is nothing to do.
/// </summary>
internal static class TorchSharpNeighbour
{
    internal const string Help = "Microsoft.ML.TorchSharp as it is published does not work on TorchSharp 0.107, which ResTok.MLNet needs. Reference the package "
        + "ResTok.MLNet.TorchSharpCompat in the program and build it again: the program's own copy is then patched.";

    private const string Name = "Microsoft.ML.TorchSharp";

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Any use of the library may be the first, and the other may come before or after it.")]
    internal static void Watch()
    {
        AppDomain.CurrentDomain.AssemblyLoad += (_, load) => Meet(load.LoadedAssembly);
        foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            Meet(assembly);
    }

    /// <summary>Whether an assembly is the neighbour with the fault: its initializers end with a <c>finally</c> that disposes what they initialized.</summary>
    internal static bool IsFaulty(Assembly assembly) => assembly.GetName().Name == Name
        && assembly.GetType(Name + ".Utils.ModelUtils")?.GetMethod("InitZeros", BindingFlags.Public | BindingFlags.Static)?.GetMethodBody() is { ExceptionHandlingClauses.Count: > 0 };

    private static void Meet(Assembly assembly)
    {
        if (!IsFaulty(assembly))
            return;
        AppDomain.CurrentDomain.FirstChanceException += (_, thrown) => Explain(assembly, thrown);
        try
        {
            TorchRuntime.EnsureLoaded(); // or, where TorchSharp does not load by itself, that would be the fault that is met first
        }
        catch (TorchRuntimeException)
        {
            // What is wrong with libtorch is said when this library needs it.
        }
    }

    private static void Explain(Assembly neighbour, FirstChanceExceptionEventArgs thrown)
    {
        bool isTheirs = thrown.Exception switch
        {
            InvalidOperationException fault => fault.Message.StartsWith("Tensor invalid", StringComparison.Ordinal),
            MissingMethodException fault => fault.Message.Contains("interpolate", StringComparison.Ordinal),
            _ => false,
        };
        if (isTheirs && new StackTrace().GetFrames().Any(frame => frame.GetMethod()?.Module.Assembly == neighbour))
            MessageOf(thrown.Exception) = $"{Help} (It failed with: {thrown.Exception.Message})";
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? MessageOf(Exception exception);
}
