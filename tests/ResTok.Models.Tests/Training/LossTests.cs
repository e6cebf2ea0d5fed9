using ResTok.Models.Checkpoints;
using ResTok.Models.Parameters;
using ResTok.Models.Tests.Parity;
using ResTok.Models.Training;
using ResTok.Models.Training.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Training;

public class LossTests(LossNetworks networks) : IClassFixture<LossNetworks>
{
    private static readonly TokenizerConfig Tiny = TinyModels.Tokenizer with { CropSize = 16, LatentTokens = 4, MinTokens = 1, TestTokens = 4, MergeTokens = false };

    private static readonly TokenizerTrainingOptions Short = new()
    {
        Steps = 4, BatchSize = 2, LearningRate = 1e-3, WarmupSteps = 1, LogEvery = 1, SaveEvery = 100, EvaluateEvery = 100, Seed = 3, DiscriminatorStart = 1,
    };

    [Fact]
    [Trait("Category", "Slow")]
    public void Lpips_equals_its_definition_in_float64()
    {
        using var scope = NewDisposeScope();
        using var both = new PerceptualLoss(new Recipe("losses/"), CPU);
        Tensor x = Recipe.Images(2, 32), y = (x * 0.7 + 0.2).flip(3);
        float distance = both.Forward(x, y).item<float>();

        // VGG16 is "configuration D": two or three convolutions, then a pooling; a slice ends before each pooling.
        Tensor scale = tensor(new[] { 0.458, 0.448, 0.450 }).view(1, 3, 1, 1), shift = tensor(new[] { -0.030, -0.088, -0.188 }).view(1, 3, 1, 1);
        Tensor[] maps = [((x.to(float64) * 2 - 1) - shift) / scale, ((y.to(float64) * 2 - 1) - shift) / scale];
        int[] convolutions = [2, 2, 3, 3, 3];
        double sum = 0;
        for (int slice = 0, layer = 0; slice < 5; slice++, layer++)
        {
            for (int i = 0; i < convolutions[slice]; i++, layer += 2)
            {
                Tensor weight = both.Parameters[$"features.{layer}.weight"].to(float64), bias = both.Parameters[$"features.{layer}.bias"].to(float64);
                maps = [.. maps.Select(map => nn.functional.conv2d(map, weight, bias, padding: [1, 1]).clamp_min(0))];
            }
            Tensor[] unit = [.. maps.Select(map => map / (linalg.vector_norm(map, 2, [1], true) + 1e-10))];
            Tensor head = both.Parameters[$"lin{slice}.model.1.weight"].to(float64);
            sum += ((unit[0] - unit[1]).square() * head.view(1, -1, 1, 1)).sum(1).mean().item<double>();
            maps = [.. maps.Select(map => nn.functional.max_pool2d(map, 2, 2))];
        }
        Assert.InRange(distance, sum * (1 - 1e-4), sum * (1 + 1e-4));
        Assert.Equal(0, both.Forward(x, x).item<float>());
        (Tensor first, Tensor second) = RandomShift.Of(x, x, new Random(1));
        Assert.Equal(0, both.Forward(first, second).item<float>());
    }

    [Theory]
    [InlineData(nameof(TokenizerTrainingOptions.VggCheckpoint))]
    [InlineData(nameof(TokenizerTrainingOptions.LpipsCheckpoint))]
    [InlineData(nameof(TokenizerTrainingOptions.DinoCheckpoint))]
    [InlineData(nameof(TokenizerTrainingOptions.FoundationCheckpoint))]
    [Trait("Category", "Slow")]
    public void A_loss_without_its_checkpoint_is_refused(string missing)
    {
        TokenizerTrainingOptions all = All();
        Assert.Contains($"{missing} must say where", Refused(Without(all, missing, null)));
        Assert.Contains("nowhere.pth", Assert.Throws<CheckpointException>(() => Train(Without(all, missing, "/nowhere.pth"))).Message);
        string other = missing is nameof(TokenizerTrainingOptions.VggCheckpoint) ? networks.Heads : networks.Vgg;
        Assert.Contains(other, Assert.Throws<CheckpointException>(() => Train(Without(all, missing, other))).Message);

        string Refused(TokenizerTrainingOptions options) => Assert.Throws<ArgumentException>(() => Train(options)).Message;

        static TokenizerTrainingOptions Without(TokenizerTrainingOptions options, string name, string? value) => name switch
        {
            nameof(TokenizerTrainingOptions.VggCheckpoint) => options with { VggCheckpoint = value },
            nameof(TokenizerTrainingOptions.LpipsCheckpoint) => options with { LpipsCheckpoint = value },
            nameof(TokenizerTrainingOptions.DinoCheckpoint) => options with { DinoCheckpoint = value },
            _ => options with { FoundationCheckpoint = value },
        };
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void All_losses_train_together_and_are_reported()
    {
        var seen = new HashSet<string>();
        var reports = new TrainerTests.Reports(progress =>
        {
            seen.UnionWith(progress.Metrics.Keys);
            Assert.All(progress.Metrics.Values, value => Assert.True(double.IsFinite(value)));
        });
        Train(All() with { Steps = 2, BatchSize = 2, Progress = reports });
        Assert.Superset(new HashSet<string> { "perceptual_loss", "alignment_loss", "adversarial_loss", "discriminator_loss", "logits_real", "logits_fake" }, seen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Category", "Slow")]
    public void A_run_with_a_discriminator_goes_on_bit_for_bit(bool aligned)
    {
        TokenizerTrainingOptions options = Short with { AdversarialWeight = 0.5, AccumulationSteps = 2, AlignmentWeight = aligned ? 1 : 0, FoundationCheckpoint = aligned ? networks.Foundation : null };
        using TemporaryFolder whole = new(), broken = new();
        Train(options with { RunFolder = whole.Path });
        using (var cancellation = new CancellationTokenSource())
        {
            var stop = new TrainerTests.Reports(progress =>
            {
                if (progress.Step == 3)
                    cancellation.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Train(options with { RunFolder = broken.Path, Progress = stop }, cancellation.Token));
        }
        Train(options with { RunFolder = broken.Path });
        foreach (string file in new[] { "model.safetensors", "checkpoint-4/training.safetensors" })
            Assert.Equal(File.ReadAllBytes(whole[file]), File.ReadAllBytes(broken[file]));
    }

    [Theory]
    [InlineData(DiscriminatorKind.Layers, 2e-4)]
    [InlineData(DiscriminatorKind.Dino, 3e-4)]
    [Trait("Category", "Slow")]
    public void A_discriminator_learns_and_only_in_its_own_step(DiscriminatorKind kind, double learningRate)
    {
        using var random = new RandomParameters(1);
        Discriminator discriminator = kind == DiscriminatorKind.Dino
            ? new DinoDiscriminator(AuxiliaryNetwork.Load(networks.Dino, source => new DinoTransformer(source, CPU)), random, CPU)
            : new LayerDiscriminator(random, CPU);
        using var game = new AdversarialLoss(discriminator, Short with { Steps = 100, LearningRate = learningRate, WarmupSteps = 0, DiscriminatorStart = 0, Discriminator = DiscriminatorKind.Layers }, CPU);
        using Tensor real = Recipe.Images(2, 32), fake = rand(2, 3, 32, 32, generator: new torch.Generator(2));
        float[] weights = Weights();
        using (Tensor images = fake.clone().requires_grad_(true))
        {
            game.GeneratorLoss(images, 7).backward();
            Assert.True(images.grad!.abs().sum().item<float>() > 0);
        }
        Assert.All(discriminator.Parameters.Values, parameter => Assert.Equal(0, parameter.grad?.abs().sum().item<float>() ?? 0));
        Assert.Equal(weights, Weights());

        var metrics = new Metrics();
        var losses = new List<double>();
        for (int step = 0; step < 5; step++)
        {
            game.Step([(real, fake)], step, step, metrics);
            losses.Add(metrics.Flush()["discriminator_loss"]);
        }
        Assert.True(losses[^1] < 0.97 * losses[0], string.Join(", ", losses));
        Assert.NotEqual(weights, Weights());

        float[] Weights() => [.. discriminator.Trained.Values.SelectMany(parameter => parameter.data<float>().Take(5))];
    }

    [Fact]
    public void Spectral_normalisation_makes_the_largest_singular_value_one()
    {
        using var scope = NewDisposeScope();
        var parameters = new Dictionary<string, Parameter>();
        var layer = new SpectralConv1d(new ParameterScope(new Recipe(""), parameters, CPU, ScalarType.Float32), 6, 5, 1, CPU, seed: 1);
        using Tensor direction = layer.Direction;
        Tensor weight = parameters["weight"].flatten(1), bias = parameters["bias"].view(1, -1, 1), x = eye(6).unsqueeze(0); // the image of the unit vectors is the matrix
        Tensor y = x;
        for (int i = 0; i < 200; i++)
            y = layer.Forward(x) - bias;
        Tensor expected = weight / linalg.svdvals(weight).max();
        Assert.InRange((y.squeeze(0) - expected).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void Augmentation_keeps_the_shape_carries_gradients_and_is_skipped_an_eighth_of_the_time()
    {
        using var generator = new torch.Generator(5);
        int same = 0;
        for (int i = 0; i < 400; i++)
        {
            using var scope = NewDisposeScope();
            Tensor x = Recipe.Images(2, 16).requires_grad_(true), y = DiffAugment.Apply(x, generator);
            Assert.Equal(x.shape, y.shape);
            y.sum().backward();
            Assert.True(x.grad!.abs().sum().item<float>() > 0);
            same += y.equal(x).all().item<bool>() ? 1 : 0;
        }
        Assert.InRange(same, 25, 80); // 50 expected, standard deviation 6.6; some draws of a policy change nothing
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void The_bias_of_dinos_keys_is_left_out()
    {
        using var scope = NewDisposeScope();
        using var network = AuxiliaryNetwork.Load(networks.Dino, source => new DinoTransformer(source, CPU));
        using var generator = new torch.Generator(1);
        Tensor[] activations = network.Forward(Recipe.Images(2, 64), generator);
        Assert.Equal(5, activations.Length);
        Assert.All(activations, activation => Assert.Equal([2, 384, 196], activation.shape));
        Assert.Equal(0, network.Parameters["blocks.3.attn.qkv.bias"].narrow(0, 384, 384).abs().max().item<float>());
        Assert.NotEqual(0, network.Parameters["blocks.3.attn.qkv.bias"].narrow(0, 0, 384).abs().max().item<float>());
    }

    private TokenizerTrainingOptions All() => Short with
    {
        PerceptualWeight = 1, VggCheckpoint = networks.Vgg, LpipsCheckpoint = networks.Heads, AdversarialWeight = 0.5, Discriminator = DiscriminatorKind.Dino,
        DinoCheckpoint = networks.Dino, AlignmentWeight = 1, FoundationCheckpoint = networks.Foundation,
    };

    private static void Train(TokenizerTrainingOptions options, CancellationToken cancellation = default)
    {
        using ImageTokenizer tokenizer = ImageTokenizer.Create(Tiny, seed: 2);
        Trainer.Train(tokenizer, new ListData<byte[]>(TrainingImages.Discs(7, Tiny.CropSize)), options, cancellationToken: cancellation);
    }
}
