namespace ResTok.Models.Training;

/// <summary>An image that shows how far training is.</summary>
/// <param name="Name">What it shows, usable as a file name.</param>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Rgba">Four bytes a pixel, row by row.</param>
public sealed record TrainingPreview(string Name, long Step, int Width, int Height, byte[] Rgba);
