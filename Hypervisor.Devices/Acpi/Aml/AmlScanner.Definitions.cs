namespace Hypervisor.Devices.Acpi.Aml;

/// <content>What operations define: names, methods, aliases, externals, and what of it is being looked for.</content>
public ref partial struct AmlScanner
{
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
