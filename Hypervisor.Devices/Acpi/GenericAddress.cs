using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>A register's place (Generic Address Structure, ACPI 6.5 §5.2.3.2).</summary>
/// <param name="space">Address space.</param>
/// <param name="bitWidth">Bits of the register; often wrong in real tables.</param>
/// <param name="address">Address in that space; 0 where there is no such register.</param>
public readonly struct GenericAddress(AddressSpaceId space, byte bitWidth, ulong address)
{
    /// <summary>Bytes of the structure.</summary>
    public const int Size = 12;

    private const int BitWidthOffset = 1;
    private const int AddressOffset = 4;

    /// <summary>Address space.</summary>
    public AddressSpaceId Space => space;

    /// <summary>Bits of the register.</summary>
    public byte BitWidth => bitWidth;

    /// <summary>Address, 0 where there is no such register.</summary>
    public ulong Address => address;

    /// <summary>Whether there is a register that port accesses or memory accesses reach.</summary>
    public bool IsUsable => address != 0 && (IsPort || space == AddressSpaceId.SystemMemory);

    /// <summary>Whether it is an I/O port.</summary>
    public bool IsPort => space == AddressSpaceId.SystemIo && address <= ushort.MaxValue;

    /// <summary>Reads the structure.</summary>
    /// <param name="table">The table.</param>
    /// <param name="offset">Where it stands.</param>
    /// <returns>No register where the table ends before the structure does.</returns>
    public static GenericAddress Read(ReadOnlySpan<byte> table, int offset) => offset < 0 || table.Length - offset < Size
        ? default
        : new((AddressSpaceId)table[offset], table[offset + BitWidthOffset], AcpiTables.Read64(table, offset + AddressOffset));
}
