using System.Collections.Generic;

namespace Hypervisor.Tests.Models;

/// <summary>A VMCS as the VMX instructions see it: fields by encoding, and which of them the processor does not have.</summary>
internal sealed class SimulatedVmcs
{
    private const uint HighHalf = 1;
    private const int WidthShift = 13;
    private const int TypeShift = 10;
    private const uint ReadOnlyType = 1;

    private readonly Dictionary<uint, ulong> _fields = [];

    private enum Width : uint
    {
        Bits16,
        Bits64,
        Bits32,
        Natural,
    }

    /// <summary>Fields that this processor does not have.</summary>
    internal HashSet<uint> Absent { get; } = [];

    /// <summary>Every VMWRITE, in order.</summary>
    internal List<(uint Field, ulong Value)> Writes { get; } = [];

    /// <summary>A field as the processor itself changes it: read-only ones too.</summary>
    internal ulong this[uint field]
    {
        get => _fields.GetValueOrDefault(field);
        set => _fields[field] = value & Mask(field);
    }

    internal bool TryRead(uint field, out ulong value)
    {
        value = _fields.GetValueOrDefault(field);
        return !Absent.Contains(field);
    }

    internal bool TryWrite(uint field, ulong value)
    {
        if (Absent.Contains(field) || ((field >> TypeShift) & 3) == ReadOnlyType || (field & HighHalf) != 0)
        {
            return false;
        }

        Writes.Add((field, value));
        this[field] = value;
        return true;
    }

    private static ulong Mask(uint field) => (Width)(field >> WidthShift) switch
    {
        Width.Bits16 => 0xFFFF,
        Width.Bits32 => 0xFFFF_FFFF,
        _ => ulong.MaxValue,
    };
}
