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
public ref struct AmlScanner
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

    private bool ReadArgument(ref AmlFrame frame, AmlArgument argument)
    {
        switch (argument)
        {
            case AmlArgument.Byte:
                return Skip(ref frame, sizeof(byte));
            case AmlArgument.Word:
                return Skip(ref frame, sizeof(ushort));
            case AmlArgument.DWord:
                return Skip(ref frame, sizeof(uint));
            case AmlArgument.QWord:
                return Skip(ref frame, sizeof(ulong));
            case AmlArgument.Text:
                _at = AmlValues.SkipText(_code, _at, frame.End);
                return true;
            case AmlArgument.Term:
                return ReadExpression(ref frame);
            case AmlArgument.Result:
                NoteResult(ref frame);
                return ReadExpression(ref frame);
            case AmlArgument.Target:
                return ReadTarget(ref frame);
            case AmlArgument.Mention:
                return AmlPath.TryRead(_code, ref _at, frame.End, out _);
            case AmlArgument.Length:
                return ReadLength(ref frame);
            case AmlArgument.Rest:
                _at = frame.End;
                return true;
            case AmlArgument.Fields:
                return ReadFields(ref frame);
            case AmlArgument.NewExternal:
                return ReadExternal(ref frame);
            default:
                return ReadDefinition(ref frame, argument);
        }
    }

    private bool Skip(ref AmlFrame frame, int size)
    {
        if (frame.End - _at < size)
        {
            return false;
        }

        _at += size;
        return true;
    }

    /// <summary>Where a result goes: a name here is no call, and a zero is no name (ACPI 6.5 §20.2.2).</summary>
    private bool ReadTarget(ref AmlFrame frame)
    {
        if (_at < frame.End && (_code[_at] == 0 || AmlName.StartsPath(_code[_at])))
        {
            return AmlPath.TryRead(_code, ref _at, frame.End, out _);
        }

        return ReadExpression(ref frame);
    }

    private bool ReadLength(ref AmlFrame frame)
    {
        if (!AmlLength.TryReadEnd(_code, ref _at, frame.End, out int end, out bool fits))
        {
            return false;
        }

        _problems |= fits ? AmlProblems.None : AmlProblems.LengthTooLong;
        frame.End = end;
        frame.HasLength = true;
        return true;
    }

    /// <summary>Fields are names too (FieldList, ACPI 6.5 §20.2.5.2).</summary>
    private bool ReadFields(ref AmlFrame frame)
    {
        while (_at < frame.End)
        {
            if (!_names.Spend() || !ReadField(ref frame))
            {
                return false;
            }
        }

        return true;
    }

    private bool ReadField(ref AmlFrame frame)
    {
        const byte Reserved = 0;
        const byte Access = 1;
        const byte Connect = 2;
        const byte ExtendedAccess = 3;
        switch (_code[_at])
        {
            case Reserved:
                _at++;
                return AmlLength.TryRead(_code, ref _at, frame.End, out _);
            case Access:
                return Skip(ref frame, AccessFieldSize);
            case ExtendedAccess:
                return Skip(ref frame, ExtendedAccessFieldSize);
            case Connect:
                _at++;
                return ReadConnection(ref frame);
            default:
                if (frame.End - _at < AmlName.Size || !AmlName.IsLead(_code[_at]))
                {
                    return false;
                }

                Declare(frame.Scope, AcpiTables.Read32(_code, _at), AmlNodeKind.Object, _at);
                _at += AmlName.Size;
                return AmlLength.TryRead(_code, ref _at, frame.End, out _);
        }
    }

    /// <summary>A connection is a name or a buffer of resources.</summary>
    private bool ReadConnection(ref AmlFrame frame)
    {
        const byte Buffer = 0x11;
        if (_at >= frame.End || _code[_at] != Buffer)
        {
            return AmlPath.TryRead(_code, ref _at, frame.End, out _);
        }

        _at++;
        bool isRead = AmlLength.TryReadEnd(_code, ref _at, frame.End, out int end, out _);
        _at = end;
        return isRead;
    }

    /// <summary>
    /// What another table defines: only the number of arguments is of use, and only until the definition is met (ACPI 6.5 §19.6.46).
    /// </summary>
    private bool ReadExternal(ref AmlFrame frame)
    {
        const byte Method = 8;
        if (!AmlPath.TryRead(_code, ref _at, frame.End, out AmlPath path) || frame.End - _at < 2)
        {
            return false;
        }

        byte type = _code[_at];
        int arguments = _code[_at + 1] & ArgumentCountMask;
        _at += 2;
        if (_isSearch || frame.Result != 0 || path.Count == 0 || _names.Lookup(_code, path, frame.Scope) != AmlNamespace.Nowhere)
        {
            return true;
        }

        int holder = _names.Holder(_code, path, frame.Scope, mayAdd: true);
        int node = _names.Add(holder, path.Name(_code, path.Count - 1), AmlNodeKind.External);
        if (node != AmlNamespace.Nowhere && type == Method)
        {
            _names[node].Arguments = (byte)arguments;
        }

        return true;
    }

    private bool ReadDefinition(ref AmlFrame frame, AmlArgument argument)
    {
        AmlPath source = default;
        if (argument == AmlArgument.NewAlias && !AmlPath.TryRead(_code, ref _at, frame.End, out source))
        {
            return false;
        }

        if (!AmlPath.TryRead(_code, ref _at, frame.End, out AmlPath path))
        {
            return false;
        }

        if (frame.Result != 0)
        {
            // What a method defines while it runs is gone when it ends; it stands here only for the sake of what it gives back.
            frame.Pending = frame.HasLength ? default : frame.Pending;
            return true;
        }

        if (argument == AmlArgument.OldScope)
        {
            frame.Scope = FindScope(ref frame, path);
            return true;
        }

        if (path.Count == 0)
        {
            return false;
        }

        int holder = _names.Holder(_code, path, frame.Scope, mayAdd: !_isSearch);
        uint name = path.Name(_code, path.Count - 1);
        switch (argument)
        {
            case AmlArgument.NewScope:
                frame.Scope = Declare(holder, name, AmlNodeKind.Scope, path.Last);
                return true;
            case AmlArgument.NewName:
                DefineName(ref frame, holder, name, path.Last);
                return true;
            case AmlArgument.NewMethod:
                return DefineMethod(ref frame, holder, name, path.Last);
            case AmlArgument.NewAlias:
                DefineAlias(ref frame, holder, name, path.Last, source);
                return true;
            default:
                Declare(holder, name, AmlNodeKind.Object, path.Last);
                return true;
        }
    }

    /// <summary>The scope that Scope names: a name alone is looked for in the scopes around, too.</summary>
    private int FindScope(ref AmlFrame frame, AmlPath path)
    {
        int scope = _names.Lookup(_code, path, frame.Scope);
        if (scope != AmlNamespace.Nowhere || _isSearch || path.Count == 0)
        {
            return scope;
        }

        int holder = _names.Holder(_code, path, frame.Scope, mayAdd: true);
        return holder == AmlNamespace.Nowhere ? holder : _names.Enter(holder, path.Name(_code, path.Count - 1), mayAdd: true);
    }

    /// <summary>The node of a definition: a new one in the first pass, but for a name that is there already.</summary>
    private int Declare(int holder, uint name, AmlNodeKind kind, int offset)
    {
        int node = _names.Find(holder, name);
        while (node != AmlNamespace.Nowhere && AmlName.IsWatched(name) && !IsHere(node, offset))
        {
            node = _names.FindNext(node);
        }

        if (_isSearch)
        {
            return node;
        }

        if (node == AmlNamespace.Nowhere)
        {
            node = _names.Add(holder, name, kind);
        }
        else if (_names[node].Kind > AmlNodeKind.External)
        {
            return node;
        }

        if (node != AmlNamespace.Nowhere)
        {
            ref AmlNode added = ref _names[node];
            added.Kind = kind;
            added.Offset = offset;
            added.Table = _table;
            added.Arguments = 0;
        }

        return node;
    }

    private bool IsHere(int node, int offset) => _names[node].Offset == offset && _names[node].Table == _table;

    private void DefineName(ref AmlFrame frame, int holder, uint name, int offset)
    {
        AmlValue value = AmlValues.Read(_code, _at, frame.End, ref _names, frame.Scope);
        int node = Declare(holder, name, AmlNodeKind.Name, offset);
        if (!_isSearch)
        {
            if (node != AmlNamespace.Nowhere && IsHere(node, offset))
            {
                _names[node].ValueKind = value.Kind;
                _names[node].Data = value.Data;
            }

            return;
        }

        if (NoteSleepState(ref frame, holder, name, offset))
        {
            _findings.AddValue(AmlName.SleepState(name), value);
        }
        else if (name is AmlName.HardwareId or AmlName.CompatibleId)
        {
            _findings.AddSerialPort(holder, AmlValues.FindSerialPort(_code, _at, frame.End));
        }
    }

    private bool DefineMethod(ref AmlFrame frame, int holder, uint name, int offset)
    {
        if (_at >= frame.End)
        {
            return false;
        }

        int flags = _code[_at++];
        int node = Declare(holder, name, AmlNodeKind.Method, offset);
        if (!_isSearch)
        {
            if (node != AmlNamespace.Nowhere && IsHere(node, offset))
            {
                _names[node].Arguments = (byte)(flags & ArgumentCountMask);
                _names[node].Length = frame.End - _at;
            }

            return true;
        }

        bool isSleepState = NoteSleepState(ref frame, holder, name, offset);
        if (isSleepState)
        {
            _findings.Open(AmlName.SleepState(name));
        }

        if (isSleepState || name is AmlName.HardwareId or AmlName.CompatibleId or AmlName.CurrentResources)
        {
            frame.Pending = AmlOperation.Table;
            frame.Result = name;
            frame.Holder = holder;
            frame.Subject = node;
            frame.Scope = node == AmlNamespace.Nowhere ? frame.Scope : node;
        }

        return true;
    }

    private void DefineAlias(ref AmlFrame frame, int holder, uint name, int offset, AmlPath source)
    {
        int target = _names.Lookup(_code, source, frame.Scope);
        int node = Declare(holder, name, AmlNodeKind.Alias, offset);
        if (node != AmlNamespace.Nowhere && IsHere(node, offset))
        {
            // An alias of nothing, or of itself, is an object of which nothing is known.
            bool leads = target != AmlNamespace.Nowhere && target != node;
            _names[node].Kind = leads ? AmlNodeKind.Alias : AmlNodeKind.Object;
            _names[node].Data = leads ? (uint)target : 0;
        }

        if (_isSearch && NoteSleepState(ref frame, holder, name, offset))
        {
            AmlValue value = target == AmlNamespace.Nowhere ? default : new AmlValue(_names[target].ValueKind, _names[target].Data);
            _findings.AddValue(AmlName.SleepState(name), value);
        }
    }

    private bool NoteSleepState(ref AmlFrame frame, int holder, uint name, int offset)
    {
        int state = AmlName.SleepState(name);
        if (holder != AmlNamespace.Root || state < 0)
        {
            return false;
        }

        _findings.AddDefinition(state, _table, offset, frame.IsConditional);
        return true;
    }

    /// <summary>What a method gives back, where it is one that stands for an object: a constant, or a name with a constant value.</summary>
    private void NoteResult(ref AmlFrame frame)
    {
        if (frame.Result == 0 || _at >= frame.End)
        {
            return;
        }

        AmlValue value = AmlValues.Read(_code, _at, frame.End, ref _names, frame.Scope);
        uint serial = AmlValues.FindSerialPort(_code, _at, frame.End);
        int next = _at;
        if (AmlName.StartsPath(_code[_at]) && AmlPath.TryRead(_code, ref next, frame.End, out AmlPath path))
        {
            int node = _names.Lookup(_code, path, frame.Scope);
            if (node != AmlNamespace.Nowhere && _names[node].Kind == AmlNodeKind.Name)
            {
                value = new AmlValue(_names[node].ValueKind, _names[node].Data);
                serial = value.Kind == AmlValueKind.Number ? value.Data : 0;
            }
        }

        int state = AmlName.SleepState(frame.Result);
        if (state >= 0)
        {
            _findings.AddValue(state, value);
        }
        else if (frame.Result == AmlName.CurrentResources)
        {
            if (frame.Subject != AmlNamespace.Nowhere && value.Kind == AmlValueKind.Ports)
            {
                _names[frame.Subject].ValueKind = value.Kind;
                _names[frame.Subject].Data = value.Data;
            }
        }
        else
        {
            _findings.AddSerialPort(frame.Holder, serial);
        }
    }
}
