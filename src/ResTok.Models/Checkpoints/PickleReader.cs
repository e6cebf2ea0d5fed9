using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Reads the pickle inside a PyTorch file without executing anything: a closed list of opcodes, names and constructions;
/// everything else is refused by name.
/// </summary>
internal sealed class PickleReader(Stream stream, string source)
{
    private const int LongestString = 1 << 20;
    private const int MostSteps = 4_000_000; // a byte can make an object of a hundred; a large model's state dict takes some ten thousand

    private static readonly Dictionary<string, ScalarType> Storages = new(StringComparer.Ordinal)
    {
        ["torch.DoubleStorage"] = ScalarType.Float64, ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16, ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.LongStorage"] = ScalarType.Int64, ["torch.IntStorage"] = ScalarType.Int32, ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8, ["torch.ByteStorage"] = ScalarType.Byte, ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private static readonly HashSet<string> Constructors = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch.Size", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
    };

    private static readonly object Mark = new();

    private readonly List<object?> stack = [];
    private readonly Dictionary<long, object?> memo = [];
    private int steps;

    /// <summary>Reads one object, up to and with its STOP.</summary>
    /// <exception cref="CheckpointException">The pickle is damaged or wants something that is not allowed.</exception>
    public object? Read()
    {
        stack.Clear();
        memo.Clear();
        while (true)
        {
            if (++steps > MostSteps)
                throw Damaged($"its pickle has more than {MostSteps} steps");
            int opcode = stream.ReadByte();
            switch (opcode)
            {
                case 0x80: Bytes(1); break; // PROTO
                case 0x95: Bytes(8); break; // FRAME
                case '.': return Pop();
                case '(': stack.Add(Mark); break;
                case '0': Pop(); break;
                case 'N': stack.Add(null); break;
                case 0x88: stack.Add(true); break;
                case 0x89: stack.Add(false); break;
                case 'K': stack.Add((long)Bytes(1)[0]); break;
                case 'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
                case 'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
                case 0x8a: stack.Add(Integer(Bytes(Bytes(1)[0]))); break; // LONG1
                case 'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
                case 'X': stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
                case 0x8c or 'U': stack.Add(Text(Bytes(1)[0])); break; // SHORT_BINUNICODE, SHORT_BINSTRING
                case '}': stack.Add(new PickleDict()); break;
                case ']': stack.Add(new PickleList()); break;
                case ')': stack.Add(new PickleTuple([])); break;
                case 't': stack.Add(new PickleTuple([.. PopToMark()])); break;
                case 0x85: stack.Add(new PickleTuple([Pop()])); break;
                case 0x86: stack.Add(new PickleTuple(PopMany(2))); break;
                case 0x87: stack.Add(new PickleTuple(PopMany(3))); break;
                case 'a': Append([Pop()]); break;
                case 'e': Append(PopToMark()); break;
                case 's': SetItems(PopMany(2)); break;
                case 'u': SetItems(PopToMark()); break;
                case 'q': memo[Bytes(1)[0]] = Peek(); break;
                case 'r': memo[BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))] = Peek(); break;
                case 0x94: memo[memo.Count] = Peek(); break; // MEMOIZE
                case 'h': stack.Add(Recall(Bytes(1)[0])); break;
                case 'j': stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
                case 'c': stack.Add(Global(Line(), Line())); break;
                case 0x93: // STACK_GLOBAL
                    object?[] names = PopMany(2);
                    stack.Add(Global(names[0] as string ?? "?", names[1] as string ?? "?"));
                    break;
                case 'Q': stack.Add(Storage(Pop())); break; // BINPERSID
                case 'R': // REDUCE
                    object?[] call = PopMany(2);
                    stack.Add(Construct(call[0], call[1]));
                    break;
                case 'b': // BUILD: attributes of a state dict (its _metadata), which say nothing of the tensors
                    Pop();
                    if (Peek() is not PickleDict)
                        throw Refused("set the attributes of an object");
                    break;
                case -1: throw Damaged("it ends early");
                default: throw Refused($"run the pickle opcode 0x{opcode:x2}");
            }
        }
    }

    private PickleGlobal Global(string module, string name)
    {
        string full = module + "." + name;
        return Storages.ContainsKey(full) || Constructors.Contains(full) ? new(full) : throw Refused($"use {full}");
    }

    private PickleStorage Storage(object? id)
    {
        // ('storage', type, key, device, elements) and, in old files, a view that is null
        if (id is PickleTuple { Items: ["storage", PickleGlobal type, string key, _, long elements, .. var rest] }
            && Storages.TryGetValue(type.Name, out ScalarType dataType) && elements >= 0 && rest.All(item => item is null))
            return new(dataType, key, elements);
        throw Damaged("a storage is described in an unknown way");
    }

    private object? Construct(object? callable, object? arguments)
    {
        object?[] items = (arguments as PickleTuple ?? throw Damaged("a call has no tuple of arguments")).Items;
        switch ((callable as PickleGlobal ?? throw Refused("call an object")).Name)
        {
            case "collections.OrderedDict" when items.Length == 0:
                return new PickleDict();
            case "torch.Size" when items is [PickleTuple size]:
                return size;
            case "torch._utils._rebuild_parameter" when items is [PickleTensor data, ..]:
                return data;
            case "torch._utils._rebuild_tensor_v2" when items is [PickleStorage storage, long offset, PickleTuple shape, PickleTuple strides, ..]:
                return Tensor(storage, offset, Integers(shape), Integers(strides));
            case var name:
                throw Refused($"call {name} with arguments it does not take");
        }
    }

    private PickleTensor Tensor(PickleStorage storage, long offset, long[] shape, long[] strides)
    {
        if (shape.Length != strides.Length || shape.Length > 16 || offset < 0 || shape.Any(size => size < 0) || strides.Any(stride => stride < 0))
            throw Damaged("a tensor has an impossible shape");
        Int128 last = offset; // index of the last element in the storage
        for (int i = 0; i < shape.Length; i++)
            last += (Int128)(shape[i] - 1) * strides[i];
        Int128 elements = shape.Aggregate((Int128)1, (product, size) => product > long.MaxValue ? product : product * Math.Max(size, 1));
        // A stride of 0 would make a small storage any size.
        if (elements > long.MaxValue || (!shape.Contains(0) && (last >= storage.Elements || elements > storage.Elements)))
            throw Damaged($"a tensor [{string.Join(", ", shape)}] reaches beyond its storage of {storage.Elements} elements");
        return new(storage, offset, shape, strides);
    }

    private long[] Integers(PickleTuple tuple) => [.. tuple.Items.Select(item => item is long value ? value : throw Damaged("a shape is not made of integers"))];

    private void Append(IReadOnlyCollection<object?> items) => (Peek() as PickleList ?? throw Damaged("something is appended to no list")).AddRange(items);

    private void SetItems(IReadOnlyList<object?> items)
    {
        PickleDict dictionary = Peek() as PickleDict ?? throw Damaged("an item is set of no dictionary");
        if (items.Count % 2 != 0)
            throw Damaged("a dictionary has a key without a value");
        for (int i = 0; i < items.Count; i += 2)
        {
            if (items[i] is not (string or long))
                throw Damaged("a dictionary's key is neither text nor integer");
            dictionary[items[i]!] = items[i + 1];
        }
    }

    private object? Recall(long key) => memo.TryGetValue(key, out object? value) ? value : throw Damaged("it refers to something it never stored");

    private object? Peek() => stack.Count > 0 && stack[^1] != Mark ? stack[^1] : throw Damaged("its stack is empty");

    private object? Pop()
    {
        object? top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        var items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            items[i] = Pop();
        return items;
    }

    private List<object?> PopToMark()
    {
        int mark = stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Damaged("it lacks a mark");
        List<object?> items = stack[(mark + 1)..];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private static object Integer(byte[] bytes)
    {
        var value = new BigInteger(bytes);
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : new PickleBigInteger(value);
    }

    private string Text(long length) => length <= LongestString ? Encoding.UTF8.GetString(Bytes((int)length)) : throw Damaged($"a text claims {length} bytes");

    private string Line()
    {
        var line = new List<byte>();
        for (int next = stream.ReadByte(); next != '\n'; next = stream.ReadByte())
        {
            if (next < 0 || line.Count > 1000)
                throw Damaged("a name does not end");
            line.Add((byte)next);
        }
        return Encoding.UTF8.GetString([.. line]);
    }

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw Damaged("it ends early");
    }

    private CheckpointException Refused(string what) =>
        new($"{source} was refused: it wants to {what}, and nothing in a checkpoint is run. Only a plain state dict of tensors is read; save one, or use safetensors.");

    private CheckpointException Damaged(string what) => new($"{source} is damaged or no PyTorch file: {what}. Download or save it again.");
}
