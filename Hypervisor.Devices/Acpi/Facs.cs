using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>
/// The FACS, through which an operating system tells the firmware where to wake it (ACPI 6.5 §5.2.10). It has no checksum.
/// </summary>
public readonly ref struct Facs
{
    /// <summary>Bytes up to and with the 32-bit waking vector and the global lock: all that ACPI 1.0 has.</summary>
    public const int SmallestSize = 24;

    private const int LengthOffset = 4;
    private const int HardwareSignatureOffset = 8;
    private const int WakingVectorOffset = 12;
    private const int FlagsOffset = 20;
    private const int ExtendedWakingVectorOffset = 24;
    private const int VersionOffset = 32;
    private const int OspmFlagsOffset = 36;
    private const uint Wake64Supported = 1u << 1;
    private const uint Wake64Wanted = 1u << 0;

    private readonly Span<byte> _table;

    /// <summary>Looks at a FACS.</summary>
    /// <param name="memory">Its memory from its beginning on, as much as is known to be there; cut to its own length.</param>
    public Facs(Span<byte> memory)
    {
        uint length = memory.Length >= SmallestSize ? AcpiTables.Read32(memory, LengthOffset) : 0;
        _table = length < SmallestSize || !AcpiTables.Has(memory, "FACS"u8) ? default : memory.Slice(0, (int)Math.Min(length, (uint)memory.Length));
    }

    /// <summary>Whether it is one.</summary>
    public bool IsValid => !_table.IsEmpty;

    /// <summary>Bytes of it.</summary>
    public int Length => _table.Length;

    /// <summary>Version: 0 for ACPI 1.0, then 1 or 2.</summary>
    public byte Version => _table.Length > VersionOffset ? _table[VersionOffset] : (byte)0;

    /// <summary>What changes when the hardware does.</summary>
    public uint HardwareSignature => Read32(HardwareSignatureOffset);

    /// <summary>Whether the firmware can wake the operating system in 64-bit mode.</summary>
    public bool CanWake64 => Version >= 2 && (Read32(FlagsOffset) & Wake64Supported) != 0;

    /// <summary>Whether the operating system wants to be woken in 64-bit mode, where the vector of 64 bits is used.</summary>
    public bool Wants64 => (Read32(OspmFlagsOffset) & Wake64Wanted) != 0;

    /// <summary>Whether there is a vector of 64 bits.</summary>
    public bool HasExtendedWakingVector => Version >= 1 && _table.Length >= ExtendedWakingVectorOffset + sizeof(ulong);

    /// <summary>Where to wake in real mode: a physical address below 1 MiB; 0 for nowhere.</summary>
    public uint WakingVector
    {
        get => Read32(WakingVectorOffset);
        set => Write(WakingVectorOffset, value, sizeof(uint));
    }

    /// <summary>
    /// Where to wake in protected or 64-bit mode: a physical address; 0 where <see cref="WakingVector"/> counts, or where there is no such
    /// field.
    /// </summary>
    public ulong ExtendedWakingVector
    {
        get => HasExtendedWakingVector ? AcpiTables.Read64(_table, ExtendedWakingVectorOffset) : 0;
        set => Write(ExtendedWakingVectorOffset, value, HasExtendedWakingVector ? sizeof(ulong) : 0);
    }

    private uint Read32(int offset) => _table.Length - offset >= sizeof(uint) ? AcpiTables.Read32(_table, offset) : 0;

    private void Write(int offset, ulong value, int size)
    {
        for (int i = 0; i < size && offset + i < _table.Length; i++)
        {
            _table[offset + i] = (byte)value;
            value >>= 8;
        }
    }
}
