using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>
/// Reads byte code for what it defines: the sleep states, and serial ports with the methods that switch them off (M20, M21, M25).
/// </summary>
/// <remarks>
/// Every table goes through <see cref="Collect"/> first, then every table, in the same order, through <see cref="Find"/>: how many
/// arguments follow the name of a
/// method is known only when all names are. Operations are read with a stack of their own, each step is counted, and nothing outside the
/// spans given is touched: no
/// table can take more time or memory than its length allows, whatever it says. Where something is wrong, reading goes on behind what held
/// it.
/// </remarks>
public ref partial struct AmlScanner
{
    /// <summary>Most steps of one pass over a table, for each of its bytes.</summary>
    public const int StepsPerByte = 64;

    /// <summary>Most tables that are told apart.</summary>
    public const int MostTables = 256;

    private const int SpareSteps = 1024;
    private const int ArgumentCountMask = 7;
    private const int AccessFieldSize = 3;
    private const int ExtendedAccessFieldSize = 4;

    private readonly Span<AmlFrame> _frames;
    private AmlNamespace _names;
    private AmlFindings _findings;
    private ReadOnlySpan<byte> _code;
    private AmlProblems _problems;
    private int _at;
    private int _depth;
    private int _collected;
    private int _searched;
    private byte _table;
    private bool _isSearch;

    /// <summary>Begins with an empty namespace.</summary>
    public AmlScanner(AmlWorkspace workspace)
    {
        _frames = workspace.Frames;
        _names = new AmlNamespace(workspace.Names);
        _findings = new AmlFindings(workspace);
    }

    /// <summary>What was wrong so far.</summary>
    public readonly AmlProblems Problems =>
        _problems | (_names.IsFull ? AmlProblems.TooManyNames : AmlProblems.None) | (_findings.IsFull ? AmlProblems.TooManyFindings : AmlProblems.None);

    /// <summary>The sleep states.</summary>
    public readonly SleepTypes SleepTypes => _findings.SleepTypes;

    /// <summary>Places that define them.</summary>
    public readonly ReadOnlySpan<SleepDefinition> SleepDefinitions => _findings.SleepDefinitions;

    /// <summary>Serial ports; complete after <see cref="Finish"/>.</summary>
    public readonly ReadOnlySpan<SerialDevice> SerialDevices => _findings.SerialDevices;

    /// <summary>Methods that switch serial ports off; complete after <see cref="Finish"/>.</summary>
    public readonly ReadOnlySpan<DisableMethod> DisableMethods => _findings.DisableMethods;

    /// <summary>Number of names known.</summary>
    public readonly int NameCount => _names.Count;

    /// <summary>Steps that the last pass over a table took.</summary>
    public readonly long Steps => _names.Steps;

    /// <summary>Deepest nesting met so far.</summary>
    public int Deepest { get; private set; }

    /// <summary>First pass: takes up the names of a table.</summary>
    /// <param name="table">DSDT or SSDT with its header.</param>
    public void Collect(ReadOnlySpan<byte> table) => Read(table, ref _collected, isSearch: false);

    /// <summary>Second pass: looks for what this is about.</summary>
    /// <param name="table">The same tables in the same order.</param>
    public void Find(ReadOnlySpan<byte> table) => Read(table, ref _searched, isSearch: true);

    /// <summary>After both passes: puts together what belongs to each serial port.</summary>
    public void Finish()
    {
        _names.Limit(SpareSteps + (long)_names.Count);
        _findings.Finish(ref _names);
    }

    /// <summary>Whether no table defines this name at the root, so that something else can be renamed to it.</summary>
    /// <param name="name">Four letters, the first one lowest.</param>
    public bool IsFreeAtRoot(uint name)
    {
        _names.Limit(SpareSteps);
        return _names.Find(AmlNamespace.Root, name) == AmlNamespace.Nowhere && _names.HasWork;
    }

    /// <summary>The scope of a serial port, from itself to the root: for tests and reports.</summary>
    /// <param name="device">Which one, in the order found.</param>
    /// <param name="names">Takes the names, the device's own first.</param>
    /// <returns>How many there are.</returns>
    public int ReadPath(int device, Span<uint> names)
    {
        int count = 0;
        for (int node = _findings.SerialDevices[device].Node; node > AmlNamespace.Root && count < names.Length; node = _names[node].Parent)
        {
            names[count++] = _names[node].Name;
        }

        return count;
    }

    private void Read(ReadOnlySpan<byte> table, ref int number, bool isSearch)
    {
        if (number >= MostTables)
        {
            _problems |= AmlProblems.TooManyTables;
            return;
        }

        _table = (byte)number++;
        if (_frames.IsEmpty || table.Length < AcpiTables.HeaderSize)
        {
            _problems |= AmlProblems.Malformed;
            return;
        }

        _code = table;
        _isSearch = isSearch;
        _at = AcpiTables.HeaderSize;
        _names.Limit(((long)table.Length * StepsPerByte) + SpareSteps);
        _frames[0] = new AmlFrame { Pending = AmlOperation.Table, End = table.Length, Scope = AmlNamespace.Root };
        _depth = 1;
        Run();
        _code = default;
    }

    private void Run()
    {
        while (_depth > 0)
        {
            if (!_names.Spend())
            {
                _problems |= AmlProblems.TooMuchWork;
                return;
            }

            ref AmlFrame frame = ref _frames[_depth - 1];
            AmlArgument argument = frame.Pending.First;
            if (argument == AmlArgument.None)
            {
                End(ref frame);
            }
            else if (argument == AmlArgument.Terms)
            {
                ReadStatement(ref frame);
            }
            else
            {
                frame.Pending = frame.Pending.AfterFirst;
                if (!ReadArgument(ref frame, argument))
                {
                    _problems |= AmlProblems.Malformed;
                    frame.Pending = default;
                }
            }
        }
    }

    /// <summary>Leaves an operation: at the end it told, wherever its parts ended.</summary>
    private void End(ref AmlFrame frame)
    {
        if (frame.HasLength)
        {
            _at = frame.End;
        }

        _depth--;
    }

    private void ReadStatement(ref AmlFrame frame)
    {
        if (_at >= frame.End)
        {
            End(ref frame);
            return;
        }

        if (AmlName.StartsPath(_code[_at]))
        {
            if (!ReadCall(ref frame))
            {
                _problems |= AmlProblems.Malformed;
                _at++;
            }

            return;
        }

        AmlOperation operation = ReadOperation(ref frame, out int size);
        if (operation.IsKnown)
        {
            _at += size;
            Begin(ref frame, operation);
            return;
        }

        // Operating systems pass over what they do not know byte by byte, and so find the next term.
        _problems |= AmlProblems.UnknownOperation;
        _at += size;
    }

    /// <summary>
    /// Reads an expression. A statement in its place ends all that was waiting for one: a call that takes fewer arguments than believed
    /// does that.
    /// </summary>
    private bool ReadExpression(ref AmlFrame frame)
    {
        if (_at >= frame.End)
        {
            return false;
        }

        if (AmlName.StartsPath(_code[_at]))
        {
            return ReadCall(ref frame);
        }

        AmlOperation operation = ReadOperation(ref frame, out int size);
        if (!operation.IsKnown || operation.IsStatement)
        {
            return operation.IsKnown && Unwind();
        }

        _at += size;
        Begin(ref frame, operation);
        return true;
    }

    /// <summary>Leaves operations up to one that holds statements, or one whose end is known.</summary>
    private bool Unwind()
    {
        _problems |= AmlProblems.Malformed;
        while (_depth > 0 && _frames[_depth - 1].Pending.First != AmlArgument.Terms)
        {
            bool hadLength = _frames[_depth - 1].HasLength;
            End(ref _frames[_depth - 1]);
            if (hadLength)
            {
                break;
            }
        }

        return true;
    }

    private readonly AmlOperation ReadOperation(ref AmlFrame frame, out int size)
    {
        byte code = _code[_at];
        size = 1;
        if (code != AmlGrammar.ExtendedPrefix)
        {
            return AmlGrammar.Find(code);
        }

        if (frame.End - _at < 2)
        {
            return new AmlOperation(AmlOperation.Unknown);
        }

        size = 2;
        return AmlGrammar.Find((AmlGrammar.ExtendedPrefix << 8) | _code[_at + 1]);
    }

    /// <summary>A name: a value, or a call with as many expressions behind it as the method takes.</summary>
    private bool ReadCall(ref AmlFrame frame)
    {
        if (!AmlPath.TryRead(_code, ref _at, frame.End, out AmlPath path))
        {
            return false;
        }

        int node = _names.Lookup(_code, path, frame.Scope);
        int arguments = node == AmlNamespace.Nowhere ? 0 : _names[node].Arguments;
        if (arguments != 0)
        {
            Begin(ref frame, AmlOperation.Call(arguments));
        }

        return true;
    }

    private void Begin(ref AmlFrame holder, AmlOperation operation)
    {
        if (operation.First == AmlArgument.None)
        {
            return;
        }

        if (_depth == _frames.Length)
        {
            _problems |= AmlProblems.TooDeep;
            if (operation.First == AmlArgument.Length && AmlLength.TryReadEnd(_code, ref _at, holder.End, out int end, out _))
            {
                _at = end;
            }

            return;
        }

        ref AmlFrame frame = ref _frames[_depth++];
        frame = holder;
        frame.Pending = operation;
        frame.HasLength = false;
        frame.IsConditional |= operation.IsConditional;
        Deepest = Math.Max(Deepest, _depth);
    }
}
