using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;

namespace ResTok.MLNet.TorchSharpCompat.Task
{
    /// <summary>Writes a copy of a program's own Microsoft.ML.TorchSharp.dll that works on TorchSharp 0.107.</summary>
    public sealed class PatchTorchSharpTrainers : Microsoft.Build.Utilities.Task
    {
        /// <summary>SHA-256 of the file that may be patched: lib/net8.0 of Microsoft.ML.TorchSharp 0.23.1.</summary>
        internal const string KnownFile = "f48e2cf503e9fb77a27463ca5760bf44a40c5e3254f5d1f0452be35f670442c1";

        private const string Package = "ResTok.MLNet.TorchSharpCompat";

        /// <summary>The file as its package has it.</summary>
        [Required]
        public string Source { get; set; } = "";

        /// <summary>Where to write the copy.</summary>
        [Required]
        public string Target { get; set; } = "";

        /// <summary>The version of its package, for messages.</summary>
        public string Version { get; set; } = "";

        public override bool Execute()
        {
            byte[] original = File.ReadAllBytes(Source);
            string hash = Hash(original);
            if (hash != KnownFile)
            {
                File.Delete(Target); // of an earlier build with the known file
                return Explain(original, hash);
            }
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(Target))!);
            string temporary = $"{Target}.{Guid.NewGuid():N}.tmp"; // builds of several projects may write at once
            try
            {
                using (ModuleDefinition module = ModuleDefinition.ReadModule(new MemoryStream(original)))
                {
                    TrainersPatch.Apply(module);
                    module.Write(temporary, new WriterParameters { DeterministicMvid = true, Timestamp = 0 });
                }
                File.Delete(Target);
                File.Move(temporary, Target);
            }
            finally
            {
                File.Delete(temporary);
            }
            Log.LogMessage(MessageImportance.Low, $"{Package} wrote {Target}.");
            return true;
        }

        internal static string Hash(byte[] file)
        {
            using (SHA256 sha = SHA256.Create())
                return string.Concat(sha.ComputeHash(file).Select(value => value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
        }

        /// <summary>What to say of a file that is not known, which is left as it is.</summary>
        private bool Explain(byte[] original, string hash)
        {
            string? fault;
            using (ModuleDefinition module = ModuleDefinition.ReadModule(new MemoryStream(original)))
                fault = TrainersPatch.FindFault(module);
            if (fault is null)
            {
                Log.LogWarning(null, "RESTOK0002", null, Source, 0, 0, 0, 0,
                    $"Microsoft.ML.TorchSharp {Version} has none of the faults that {Package} is for, and is used as it is. {Package} is no longer needed: remove the reference to it.");
                return true;
            }
            Log.LogError(null, "RESTOK0003", null, Source, 0, 0, 0, 0,
                $"{Package} knows only the file of Microsoft.ML.TorchSharp 0.23.1 for .NET 8 and later, and this is another (version {Version}, SHA-256 {hash}) that fails on TorchSharp 0.107 too: {fault}. "
                + $"Reference Microsoft.ML.TorchSharp 0.23.1 or look for a newer {Package}. <ResTokPatchTorchSharp>false</ResTokPatchTorchSharp> in the project builds with the file as it is.");
            return false;
        }
    }
}
