using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet;

// What ML.NET keeps to itself and a saved transformer cannot do without. Nothing outside this folder knows.
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

[assembly: LoadableClass(typeof(ResTokImageLoadingTransformer), null, typeof(SignatureLoadModel), "ResTok image loader", ResTokImageLoadingTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(ResTokEncodingTransformer), null, typeof(SignatureLoadModel), "ResTok encoder", ResTokEncodingTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(ResTokGenerationTransformer), null, typeof(SignatureLoadModel), "ResTok generator", ResTokGenerationTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(ResTokDecodingTransformer), null, typeof(SignatureLoadModel), "ResTok decoder", ResTokDecodingTransformer.LoaderSignature)]

namespace System.Runtime.CompilerServices
{
    /// <summary>Known to the runtime by name: it grants this assembly access to another's internals.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}

namespace ResTok.MLNet.Interop
{
    /// <summary>Access to ML.NET's internals, in the words of this library.</summary>
    internal static class MLNetInternals
    {
        private static readonly string LibraryVersion = typeof(MLNetInternals).Assembly.GetName().Version!.ToString(3);

        public static IHostEnvironment EnvironmentOf(TransformsCatalog catalog) => CatalogUtils.GetEnvironment(catalog);

        /// <summary>What the <see cref="MLContext"/> says of devices.</summary>
        public static (int? GpuDeviceId, bool FallbackToCpu) DeviceChoice(IHostEnvironment environment) =>
            environment is IHostEnvironmentInternal host ? (host.GpuDeviceId, host.FallbackToCpu) : (null, true);

        public static void LogTrace(IHostEnvironment environment, string message)
        {
            using IChannel channel = environment.Start("ResTok");
            channel.Trace(message);
        }

        /// <summary>Whether ML.NET cancelled the context, as AutoML does.</summary>
        public static bool IsCanceled(IHostEnvironment environment) => environment is ICancelable { IsCanceled: true };

        /// <summary>Cancels a context: whoever asks it whether it is alive ends.</summary>
        public static void Cancel(MLContext context) => context.CancelExecution();

        public static void LogInfo(IHostEnvironment environment, string message)
        {
            using IChannel channel = environment.Start("ResTok");
            channel.Info(message);
        }

        public static void LogWarning(IHostEnvironment environment, string message)
        {
            using IChannel channel = environment.Start("ResTok");
            channel.Warning(message);
        }

        public static SchemaShape.Column VectorShape(string name, DataViewType item, bool isKey, params SchemaShape.Column[] annotations) =>
            new(name, SchemaShape.Column.VectorKind.Vector, item, isKey, new SchemaShape(annotations));

        public static SchemaShape.Column ScalarShape(string name, DataViewType item) =>
            new(name, SchemaShape.Column.VectorKind.Scalar, item, false);

        /// <summary>Writes what every loader checks first.</summary>
        public static void WriteVersion(ModelSaveContext context, string signature, string loaderSignature)
        {
            context.CheckAtModel();
            context.SetVersionInfo(Version(signature, loaderSignature));
            context.Writer.Write(LibraryVersion);
        }

        /// <summary>Refuses other formats. ML.NET's own check would name its version and not this library's.</summary>
        /// <exception cref="InvalidDataException">The format is newer or older than the one that is read.</exception>
        public static void CheckVersion(ModelLoadContext context, string signature, string loaderSignature)
        {
            VersionInfo known = Version(signature, loaderSignature);
            uint format = context.Header.ModelVerWritten;
            if (context.Header.ModelSignature == known.ModelSignature && format != SavedStage.FormatVersion)
                throw Mark(SavedStage.Unreadable(loaderSignature, format, LibraryVersion, context.Reader.ReadString));
            context.CheckAtModel(known);
        }

        /// <summary>Makes <c>Model.Load</c> throw an exception as it throws its own: inside an <see cref="InvalidOperationException"/>, not one of reflection.</summary>
        public static T Mark<T>(T fault)
            where T : Exception
        {
            fault.Data[Contracts.IsMarkedKey] = true;
            return fault;
        }

        private static VersionInfo Version(string signature, string loaderSignature) => new(
            modelSignature: signature,
            verWrittenCur: SavedStage.FormatVersion,
            verReadableCur: SavedStage.FormatVersion,
            verWeCanReadBack: SavedStage.FormatVersion,
            loaderAssemblyName: typeof(MLNetInternals).Assembly.GetName().Name,
            loaderSignature: loaderSignature);
    }
}
