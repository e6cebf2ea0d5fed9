namespace ResTok.Models.Training;

/// <summary>How a reconstruction is compared with its image.</summary>
public enum ReconstructionLoss
{
    /// <summary>Mean squared difference, the official choice.</summary>
    L2,

    /// <summary>Mean absolute difference.</summary>
    L1,
}
