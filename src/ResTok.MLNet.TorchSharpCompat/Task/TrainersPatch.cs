using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ResTok.MLNet.TorchSharpCompat.Task
{
    /// <summary>What is changed in Microsoft.ML.TorchSharp.dll, and why. The page docs/microsoft-ml-torchsharp.md says it in C#.</summary>
    internal static class TrainersPatch
    {
        private const string Root = "Microsoft.ML.TorchSharp.";
        private const string Bridge = "ResTok.MLNet.TorchSharpCompat";

        private static readonly string[] Initializers = { "InitXavierUniform", "InitConstant", "InitNormal", "InitZeros" };

        /// <summary>Patches the file that <see cref="PatchTorchSharpTrainers.KnownFile"/> names.</summary>
        public static void Apply(ModuleDefinition module)
        {
            int initializers = 0, calls = 0, moves = 0, starts = 0;
            var bridge = new BridgeReferences(module, Bridge);
            foreach (MethodDefinition method in Methods(module))
            {
                if (IsInitializer(method))
                {
                    KeepWhatItReturns(method);
                    initializers++;
                }
                foreach (Instruction instruction in method.Body.Instructions.ToArray())
                {
                    if (IsOldInterpolate(instruction))
                    {
                        AddAntialias(method, instruction);
                        calls++;
                    }
                    else if (IsMoveToGpu(instruction))
                    {
                        MoveToChosenGpu(method, instruction);
                        moves++;
                    }
                }
                if (method.DeclaringType.FullName == Root + "Utils.TorchUtils" && method.Name == "InitializeDevice")
                    ChooseDeviceAsResTokDoes(method, bridge);
                if (IsEntry(method))
                {
                    method.Body.GetILProcessor().InsertBefore(method.Body.Instructions[0], Instruction.Create(OpCodes.Call, bridge.EnsureLoaded));
                    starts++;
                }
            }
            if (initializers != 4 || calls != 2 || moves != 6 || starts != 8)
                throw new InvalidOperationException($"Patching found {initializers} initializers, {calls} calls of interpolate, {moves} moves to a GPU and {starts} entries where 4, 2, 6 and 8 are.");
            MarkAsChanged(module);
        }

        /// <summary>Which of the faults another version has, in words; null if none.</summary>
        public static string? FindFault(ModuleDefinition module)
        {
            foreach (MethodDefinition method in Methods(module))
            {
                if (IsInitializer(method))
                    return $"ModelUtils.{method.Name} disposes the parameter that it initializes";
                if (method.Body.Instructions.Any(IsOldInterpolate))
                    return $"{method.DeclaringType.Name}.{method.Name} calls an interpolate that TorchSharp no longer has";
            }
            return null;
        }

        private static IEnumerable<MethodDefinition> Methods(ModuleDefinition module) =>
            module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody);

        /// <summary>
        /// <c>using var zeros = torch.nn.init.zeros_(tensor);</c>: since TorchSharp 0.104 the initializers return the very tensor they were
        /// given, so that this disposes the parameter, and its next use fails with "Tensor invalid -- empty handle".
        /// </summary>
        private static bool IsInitializer(MethodDefinition method) =>
            method.DeclaringType.FullName == Root + "Utils.ModelUtils" && Initializers.Contains(method.Name) && method.Body.HasExceptionHandlers;

        /// <summary>Keeps the arguments and the call, and drops the rest: what the call returns is taken off the stack.</summary>
        private static void KeepWhatItReturns(MethodDefinition method)
        {
            MethodBody body = method.Body;
            Instruction call = body.Instructions.Single(instruction => instruction.OpCode == OpCodes.Call);
            int keep = body.Instructions.IndexOf(call) + 1;
            while (body.Instructions.Count > keep)
                body.Instructions.RemoveAt(keep);
            body.ExceptionHandlers.Clear();
            body.Variables.Clear();
            body.Instructions.Add(Instruction.Create(OpCodes.Pop));
            body.Instructions.Add(Instruction.Create(OpCodes.Ret));
        }

        /// <summary>TorchSharp 0.105.1 gave <c>interpolate</c> a seventh parameter, <c>antialias</c>: <c>MissingMethodException</c> for callers of six.</summary>
        private static bool IsOldInterpolate(Instruction instruction) =>
            instruction.Operand is MethodReference { Name: "interpolate", Parameters.Count: 6 } called && called.DeclaringType.FullName == "TorchSharp.torch/nn/functional";

        private static void AddAntialias(MethodDefinition method, Instruction call)
        {
            var old = (MethodReference)call.Operand;
            var wider = new MethodReference(old.Name, old.ReturnType, old.DeclaringType);
            foreach (ParameterDefinition parameter in old.Parameters)
                wider.Parameters.Add(new ParameterDefinition(parameter.ParameterType));
            wider.Parameters.Add(new ParameterDefinition(method.Module.TypeSystem.Boolean));
            method.Body.GetILProcessor().InsertBefore(call, Instruction.Create(OpCodes.Ldc_I4_0));
            call.Operand = wider;
        }

        private static bool IsMoveToGpu(Instruction instruction) =>
            instruction.Operand is MethodReference { Name: "cuda" } called && called.DeclaringType.FullName == "TorchSharp.ModuleExtensionMethods";

        /// <summary><c>Model.cuda()</c>, which moves to the first GPU, becomes <c>Model.cuda(Device.index)</c>.</summary>
        private static void MoveToChosenGpu(MethodDefinition method, Instruction call)
        {
            Instruction index = call.Previous.Previous;
            FieldReference device = method.Body.Instructions.Select(instruction => instruction.Operand).OfType<FieldReference>().First(field => field.Name == "Device");
            if (index.OpCode != OpCodes.Ldc_I4_M1)
                throw new InvalidOperationException($"{method.FullName} moves its model in another way than known.");
            var getIndex = new MethodReference("get_index", method.Module.TypeSystem.Int32, device.FieldType) { HasThis = true };
            ILProcessor code = method.Body.GetILProcessor();
            code.InsertAfter(index, Instruction.Create(OpCodes.Callvirt, getIndex));
            code.InsertAfter(index, Instruction.Create(OpCodes.Ldfld, device));
            code.Replace(index, Instruction.Create(OpCodes.Ldarg_0));
        }

        /// <summary>The device by the rule of ResTok's stages: <c>GpuDeviceId</c> with its index, and a message that says what is missing.</summary>
        private static void ChooseDeviceAsResTokDoes(MethodDefinition method, BridgeReferences bridge)
        {
            MethodBody body = method.Body;
            body.Instructions.Clear();
            body.Variables.Clear();
            body.Instructions.Add(Instruction.Create(OpCodes.Ldarg_0));
            body.Instructions.Add(Instruction.Create(OpCodes.Call, bridge.ChooseDevice(method)));
            body.Instructions.Add(Instruction.Create(OpCodes.Ret));
        }

        /// <summary>Where TorchSharp is first touched: training, and loading a saved model. libtorch must be loaded by then.</summary>
        private static bool IsEntry(MethodDefinition method) => method.DeclaringType.Namespace.StartsWith("Microsoft.ML.TorchSharp", StringComparison.Ordinal)
            && ((method.Name == "Fit" && !method.IsAbstract) || (method.Name == "Create" && method.IsStatic && method.Parameters.Count == 2 && method.Parameters[1].ParameterType.Name == "ModelLoadContext"));

        /// <summary>Nobody shall take the copy for Microsoft's file.</summary>
        private static void MarkAsChanged(ModuleDefinition module)
        {
            CustomAttribute known = module.Assembly.CustomAttributes.First(attribute => attribute.AttributeType.Name == "AssemblyMetadataAttribute");
            var mark = new CustomAttribute(known.Constructor);
            mark.ConstructorArguments.Add(new CustomAttributeArgument(module.TypeSystem.String, "ChangedBy"));
            mark.ConstructorArguments.Add(new CustomAttributeArgument(module.TypeSystem.String, Bridge));
            module.Assembly.CustomAttributes.Add(mark);
        }
    }
}
