using Mono.Cecil;

namespace ResTok.MLNet.TorchSharpCompat.Task
{
    /// <summary>References to the class <c>TorchSharpBridge</c>, which the patched file calls.</summary>
    internal sealed class BridgeReferences
    {
        private readonly TypeReference type;

        public BridgeReferences(ModuleDefinition module, string assembly)
        {
            // Version 0: any version of the assembly will do, the program's package chose it.
            var reference = new AssemblyNameReference(assembly, new System.Version(0, 0, 0, 0));
            module.AssemblyReferences.Add(reference);
            type = new TypeReference("ResTok.MLNet", "TorchSharpBridge", module, reference);
            EnsureLoaded = new MethodReference("EnsureLoaded", module.TypeSystem.Void, type);
        }

        public MethodReference EnsureLoaded { get; }

        public MethodReference ChooseDevice(MethodDefinition old)
        {
            var method = new MethodReference("ChooseDevice", old.ReturnType, type);
            method.Parameters.Add(new ParameterDefinition(old.Parameters[0].ParameterType));
            return method;
        }
    }
}
