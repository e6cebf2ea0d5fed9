using ResTok.Models.Evaluation;
using ResTok.Models.Parameters;
using ResTok.Models.Tests.Parity;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>What mistakes in the Inception network cost, by making each: far more than the tolerance that the golden tests hold it to.</summary>
[Trait("Category", "Parity")]
public class MistakeTests
{
    /// <summary>The largest change of the 2048 features of <c>smooth64</c> by the goldens' README, which has one digit or two.</summary>
    [Theory]
    [InlineData("average pooling that counts the padding", 1.5e-1)]
    [InlineData("average instead of max pooling in Mixed_7c", 8.6e-1)]
    [InlineData("batch-norm eps 1e-5", 7e-2)]
    [InlineData("half-pixel resize", 4e-2)]
    [InlineData("(x - 127.5) / 127.5", 2e-2)]
    [InlineData("rounding instead of truncating to 8 bits", 1e-2)]
    [Trait("Category", "Slow")]
    public void Each_is_seen(string mistake, double cost)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("inception").Values.First(), "inception");
        using var scope = NewDisposeScope();
        Tensor image = Recipe.Smooth(0, 64, 64), wanted = golden["smooth64.0.2048"];
        Tensor bytes = mistake.StartsWith("rounding", StringComparison.Ordinal) ? (image * 255).round().to(ScalarType.Byte) : EvaluationImages.Bytes(image);
        Tensor right = Features("", EvaluationImages.Bytes(image)), wrong = Features(mistake, bytes);
        Assert.True(Distance(wanted, right) < 1e-10, "the same network without the mistake");
        Assert.InRange(Distance(wanted, wrong), 0.5 * cost, 2 * cost);
    }

    private static double Distance(Tensor wanted, Tensor found) => (wanted - found.flatten()).abs().max().item<double>();

    /// <summary>The network written down once more, by names and with a mistake.</summary>
    private static Tensor Features(string mistake, Tensor bytes)
    {
        IParameterSource weights = new EvaluationImages("").Weights;
        double epsilon = mistake.StartsWith("batch-norm", StringComparison.Ordinal) ? 1e-5 : 1e-3;
        bool countsPadding = mistake.StartsWith("average pooling", StringComparison.Ordinal);
        Tensor x = bytes.to(ScalarType.Float64);
        x = mistake.StartsWith("half", StringComparison.Ordinal)
            ? nn.functional.interpolate(x, [299, 299], mode: InterpolationMode.Bilinear, align_corners: false)
            : Resize(x);
        x = mistake.StartsWith('(') ? (x - 127.5) / 127.5 : (x - 128) / 128;
        x = Unit("Conv2d_2b_3x3", Unit("Conv2d_2a_3x3", Unit("Conv2d_1a_3x3", x, 32, 3, 3, 2), 32, 3, 3), 64, 3, 3, 1, 1, 1);
        x = nn.functional.max_pool2d(x, 3, 2);
        x = nn.functional.max_pool2d(Unit("Conv2d_4a_3x3", Unit("Conv2d_3b_1x1", x, 80), 192, 3, 3), 3, 2);
        foreach ((string name, int pooled) in new[] { ("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64) })
        {
            x = cat([
                Unit(name + ".branch1x1", x, 64),
                Unit(name + ".branch5x5_2", Unit(name + ".branch5x5_1", x, 48), 64, 5, 5, 1, 2, 2),
                Unit(name + ".branch3x3dbl_3", Unit(name + ".branch3x3dbl_2", Unit(name + ".branch3x3dbl_1", x, 64), 96, 3, 3, 1, 1, 1), 96, 3, 3, 1, 1, 1),
                Unit(name + ".branch_pool", Mean(x), pooled)], 1);
        }
        x = cat([
            Unit("Mixed_6a.branch3x3", x, 384, 3, 3, 2),
            Unit("Mixed_6a.branch3x3dbl_3", Unit("Mixed_6a.branch3x3dbl_2", Unit("Mixed_6a.branch3x3dbl_1", x, 64), 96, 3, 3, 1, 1, 1), 96, 3, 3, 2),
            nn.functional.max_pool2d(x, 3, 2)], 1);
        foreach ((string name, int inner) in new[] { ("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192) })
        {
            Tensor seven = Unit(name + ".branch7x7_3", Unit(name + ".branch7x7_2", Unit(name + ".branch7x7_1", x, inner), inner, 1, 7, 1, 0, 3), 192, 7, 1, 1, 3, 0);
            Tensor twice = Unit(name + ".branch7x7dbl_3", Unit(name + ".branch7x7dbl_2", Unit(name + ".branch7x7dbl_1", x, inner), inner, 7, 1, 1, 3, 0), inner, 1, 7, 1, 0, 3);
            twice = Unit(name + ".branch7x7dbl_5", Unit(name + ".branch7x7dbl_4", twice, inner, 7, 1, 1, 3, 0), 192, 1, 7, 1, 0, 3);
            x = cat([Unit(name + ".branch1x1", x, 192), seven, twice, Unit(name + ".branch_pool", Mean(x), 192)], 1);
        }
        x = cat([
            Unit("Mixed_7a.branch3x3_2", Unit("Mixed_7a.branch3x3_1", x, 192), 320, 3, 3, 2),
            Unit("Mixed_7a.branch7x7x3_4", Unit("Mixed_7a.branch7x7x3_3", Unit("Mixed_7a.branch7x7x3_2", Unit("Mixed_7a.branch7x7x3_1", x, 192), 192, 1, 7, 1, 0, 3), 192, 7, 1, 1, 3, 0), 192, 3, 3, 2),
            nn.functional.max_pool2d(x, 3, 2)], 1);
        foreach (string name in new[] { "Mixed_7b", "Mixed_7c" })
        {
            Tensor three = Unit(name + ".branch3x3_1", x, 384), twice = Unit(name + ".branch3x3dbl_2", Unit(name + ".branch3x3dbl_1", x, 448), 384, 3, 3, 1, 1, 1);
            bool average = name == "Mixed_7b" || mistake.StartsWith("average instead", StringComparison.Ordinal);
            x = cat([
                Unit(name + ".branch1x1", x, 320),
                Unit(name + ".branch3x3_2a", three, 384, 1, 3, 1, 0, 1), Unit(name + ".branch3x3_2b", three, 384, 3, 1, 1, 1, 0),
                Unit(name + ".branch3x3dbl_3a", twice, 384, 1, 3, 1, 0, 1), Unit(name + ".branch3x3dbl_3b", twice, 384, 3, 1, 1, 1, 0),
                Unit(name + ".branch_pool", average ? Mean(x) : nn.functional.max_pool2d(x, 3, 1, 1), 192)], 1);
        }
        return x.mean([2, 3]);

        Tensor Mean(Tensor y) => nn.functional.avg_pool2d(y, [3, 3], [1, 1], [1, 1], count_include_pad: countsPadding);

        Tensor Unit(string name, Tensor y, int outputs, int height = 1, int width = 1, int stride = 1, int down = 0, int across = 0)
        {
            Tensor Weight(string key, params long[] shape) => weights.Get($"{name}.{key}", shape, Initializer.Weight).to(ScalarType.Float64);
            Tensor z = nn.functional.conv2d(y, Weight("conv.weight", outputs, y.shape[1], height, width), null, [stride, stride], [down, across]);
            return nn.functional.batch_norm(z, Weight("bn.running_mean", outputs), Weight("bn.running_var", outputs), Weight("bn.weight", outputs), Weight("bn.bias", outputs), training: false, eps: epsilon).relu();
        }

        static Tensor Resize(Tensor y)
        {
            Tensor Axis(Tensor z, int axis)
            {
                double scale = (float)z.shape[axis] / 299f;
                Tensor places = arange(299, dtype: ScalarType.Float64) * scale, low = places.floor();
                Tensor first = z.index_select(axis, low.to(ScalarType.Int64)), second = z.index_select(axis, (low + 1).clamp_max(z.shape[axis] - 1).to(ScalarType.Int64));
                return first + (second - first) * (axis == 2 ? (places - low).unsqueeze(1) : places - low);
            }
            return Axis(Axis(y, 3), 2);
        }
    }
}
