namespace Hypervisor.Devices.Acpi.Aml;

/// <content>What follows an operation: arguments, lists of fields, connections.</content>
public ref partial struct AmlScanner
{
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
}
