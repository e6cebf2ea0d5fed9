using Microsoft.ML;
using ResTok.MLNet;
using ResTok.Models;
using TorchSharp;

namespace ResTok.Documentation.Tests;

/// <summary>What examples may use without saying where it comes from. A variable that an example declares itself comes first.</summary>
public static class Prelude
{
    /// <summary>The namespaces of every new console project, and those that examples are about.</summary>
    public const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.ML;
        global using Microsoft.ML.Data;
        global using ResTok.MLNet;
        global using ResTok.MLNet.Interactive;
        global using ResTok.MLNet.Onnx;
        global using ResTok.Models;
        global using ResTok.Models.Checkpoints;
        global using ResTok.Models.Evaluation;
        global using ResTok.Models.Training;
        global using TorchSharp;
        global using static ResTok.Documentation.Tests.Prelude;
        """;

    public static MLContext ml => throw OnlyCompiled();

    /// <summary>Rows with the columns that the example names.</summary>
    public static IDataView data => throw OnlyCompiled();

    public static IDataView heldOut => throw OnlyCompiled();

    public static ResTokTokenizer restok => throw OnlyCompiled();

    public static ResTokGenerator generator => throw OnlyCompiled();

    public static ImageTokenizer tokenizer => throw OnlyCompiled();

    public static ImageGenerator imageGenerator => throw OnlyCompiled();

    /// <summary>Float [B, 3, S, S] in [0, 1].</summary>
    public static torch.Tensor images => throw OnlyCompiled();

    /// <summary>The same row by row.</summary>
    public static float[] pixels => throw OnlyCompiled();

    private static InvalidOperationException OnlyCompiled() => new("Examples are compiled, not run.");
}
