using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace ResTok.MLNet.Notebooks.Tests;

/// <summary>What a cell shows.</summary>
internal static class CellOutputs
{
    /// <summary>What a notebook keeps of a cell's events: each thing shown as it was last, in the order of their first showing.</summary>
    public static List<InteractiveDocumentOutputElement> Of(IEnumerable<KernelEvent> events)
    {
        var outputs = new List<InteractiveDocumentOutputElement>();
        var places = new Dictionary<string, int>();
        foreach (DisplayEvent shown in events.OfType<DisplayEvent>())
        {
            if (shown.FormattedValues.Count == 0)
                continue;
            FormattedValue value = shown.FormattedValues.First();
            if (shown is StandardOutputValueProduced)
            {
                AddText(outputs, value.Value);
                continue;
            }
            var output = new DisplayElement(new Dictionary<string, object> { [value.MimeType] = value.Value });
            if (shown is DisplayedValueUpdated && places.TryGetValue(shown.ValueId, out int place))
            {
                outputs[place] = output;
                continue;
            }
            if (shown.ValueId is { } id)
                places[id] = outputs.Count;
            outputs.Add(output);
        }
        return outputs;
    }

    // Lines written one after the other are one output.
    private static void AddText(List<InteractiveDocumentOutputElement> outputs, string text)
    {
        if (outputs is [.., TextElement before])
        {
            outputs.RemoveAt(outputs.Count - 1);
            text = before.Text + text;
        }
        outputs.Add(new TextElement(text, "stdout"));
    }
}
