using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ResTok.Models.Runtime;

/// <summary>
/// Keeps scalars for a while after TorchSharp gave them up. TorchSharp 0.107 hands libtorch the address of a temporary <see cref="Scalar"/>
/// and does not hold on to it during the call ("x * 2", "x + y"): a garbage collection at that moment frees it on the finalizer's thread while
/// libtorch reads it, and the result is an error ("Unknown scalar type") or a wrong number.
/// </summary>
/// <remarks>
/// TorchSharp's own declaration of the function that frees a scalar is pointed at <see cref="Dispose"/>: the runtime keeps the function's
/// address as data, in the method's description, which is searched for exactly that address. Where it is not found, nothing is changed.
/// </remarks>
internal static unsafe class ScalarKeeper
{
    private const string Library = "LibTorchSharp", Function = "THSTorch_dispose_scalar";
    private const int WordsOfADescription = 16;
    private const long KeptForMs = 5_000; // a call reads its scalars at once; this is for a thread that the system stopped just then

    private static readonly Lock Gate = new();
    private static readonly Queue<(nint Scalar, long Since)> Kept = new();
    private static delegate* unmanaged[Cdecl]<nint, void> free;

    /// <summary>How many wait to be freed.</summary>
    public static int Count
    {
        get
        {
            lock (Gate)
                return Kept.Count;
        }
    }

    /// <summary>Must come after libtorch is loaded and before another thread uses it.</summary>
    /// <returns>Whether scalars are kept from now on.</returns>
    public static bool Start()
    {
        if (typeof(torch).Assembly.GetType("TorchSharp.PInvoke.NativeMethods")?.GetMethod(Function, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public) is not { } method
            || !NativeLibrary.TryLoad(Library, typeof(torch).Assembly, null, out nint library) || !NativeLibrary.TryGetExport(library, Function, out nint address))
            return false;
        Marshal.Prelink(method);
        var description = (nint*)method.MethodHandle.Value;
        for (int i = 0; i < WordsOfADescription; i++)
            if (description[i] == address)
            {
                free = (delegate* unmanaged[Cdecl]<nint, void>)address;
                Volatile.Write(ref description[i], (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Dispose);
                return true;
            }
        return false;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Dispose(nint scalar)
    {
        long now = Environment.TickCount64;
        lock (Gate)
        {
            Kept.Enqueue((scalar, now));
            while (now - Kept.Peek().Since > KeptForMs)
                free(Kept.Dequeue().Scalar);
        }
    }
}
