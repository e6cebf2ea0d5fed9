using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet.Tests;

/// <summary>Doubles a column of Int32 in batches, without a network. Negative numbers are invalid.</summary>
internal sealed class FakeTransformer(MLContext ml, int batchSize, InvalidRowHandling onInvalidRow = InvalidRowHandling.Fail)
    : BatchTransformer(MLNetInternals.EnvironmentOf(ml.Transforms), model: null, batchSize, onInvalidRow)
{
    public const string Input = "Number", Output = "Doubled";

    private readonly InvalidRowHandling onInvalidRow = onInvalidRow;

    /// <summary>The sizes of the batches that ran.</summary>
    public List<int> Batches { get; } = [];

    internal override IReadOnlyList<OutputColumn> Outputs { get; } = [new(Output, NumberDataViewType.Int32)];

    internal override DataViewSchema.Column[] FindInputs(DataViewSchema schema) => [schema[Input]];

    internal override BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity) =>
        new Runner(source.GetGetter<int>(inputs[0]), Environment, onInvalidRow, capacity, Batches);

    private protected override void SaveModel(ModelSaveContext context) => throw new NotSupportedException();

    private sealed class Runner(ValueGetter<int> getter, IHostEnvironment environment, InvalidRowHandling onInvalidRow, int capacity, List<int> batches)
        : BatchRunner(environment, null, onInvalidRow, capacity)
    {
        private readonly int[] numbers = new int[capacity];
        private int[] doubled = [];

        public override Delegate Getter(int output, Func<int> slot) => (ValueGetter<int>)((ref int value) =>
        {
            int at = slot();
            value = IsMissing(at) ? -1 : doubled[at];
        });

        protected override void RunBatch(int count)
        {
            lock (batches)
                batches.Add(count);
            doubled = [.. numbers.Take(count).Select(number => 2 * number)];
        }

        protected override string? ReadRow(int slot, long position)
        {
            getter(ref numbers[slot]);
            return numbers[slot] >= 0 ? null : $"Column '{Input}' has {numbers[slot]} in row {position}.";
        }
    }
}
