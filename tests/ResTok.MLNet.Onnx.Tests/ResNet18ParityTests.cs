using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ResTok.MLNet.Onnx.Format;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace ResTok.MLNet.Onnx.Tests;

[Trait("Category", "Parity")]
public class ResNet18ParityTests
{
    private static readonly string[] Maps = ["ReLU253_Output_0", "ReLU283_Output_0", "ReLU315_Output_0", "ReLU347_Output_0", "ReLU393_Output_0"];

    [Fact]
    public void The_network_on_libtorch_sees_what_its_file_sees_in_ONNX_Runtime()
    {
        string path = new EvaluationWeights().ResNet18!;
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        model.Graph.Output.AddRange(Maps.Select(name => new ValueInfoProto { Name = name, Type = new() { TensorType = new() { ElemType = 1 } } }));
        using var session = new InferenceSession(model.ToByteArray());
        using ResNet18Network network = ResNet18Network.Load(path, CPU);
        for (int b = 0; b < 2; b++)
        {
            using var scope = NewDisposeScope();
            Tensor image = Recipe.Smooth(b, 224, 224);
            Tensor input = image.flip(1) * 255 - tensor(new[] { 103.06f, 115.90f, 123.15f }).view(1, 3, 1, 1); // BGR without its mean
            using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("Input247", new DenseTensor<float>(input.contiguous().data<float>().ToArray(), [1, 3, 224, 224]))]);
            Tensor[] maps = network.Maps(image);
            for (int i = 0; i < Maps.Length; i++)
                Near(outputs.Single(output => output.Name == Maps[i]), maps[i]);
            Near(outputs.First(), network.Pooled(image));
        }
    }

    private static void Near(DisposableNamedOnnxValue wanted, Tensor found)
    {
        float[] first = [.. wanted.AsTensor<float>()], second = [.. found.contiguous().data<float>()];
        Assert.Equal(first.Length, second.Length);
        float scale = first.Max(MathF.Abs);
        Assert.All(first.Zip(second), pair => Assert.InRange(pair.Second, pair.First - 2e-5f * scale, pair.First + 2e-5f * scale));
    }
}
