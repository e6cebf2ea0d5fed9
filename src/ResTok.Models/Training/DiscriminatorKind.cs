namespace ResTok.Models.Training;

/// <summary>The network that judges reconstructions in adversarial training.</summary>
public enum DiscriminatorKind
{
    /// <summary>Convolutions on patches, trained whole (config <c>dino_disc: false</c>).</summary>
    Layers,

    /// <summary>Trained heads on a frozen DINO ViT-S/16, with augmented images; the official choice. Needs its checkpoint.</summary>
    Dino,
}
