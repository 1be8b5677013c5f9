using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Devices.Pci;

/// <summary>Finds the table MCFG from the root pointer (ACPI 6.5 §5.2.5 to §5.2.8).</summary>
internal static class McfgSearch
{
    private const int MaximumEntries = 256;
    private const int MaximumLength = 0x1_0000;

    /// <summary>The table; empty where there is none, or where what there is is no table.</summary>
    internal static ReadOnlySpan<byte> Find(MediatorHost host)
    {
        ulong pointer = host.AcpiRootPointer;
        ReadOnlySpan<byte> root = pointer == 0 ? default : host.Memory(pointer, AcpiTables.ExtendedRootPointerSize);
        if (root.Length == 0)
        {
            return default;
        }

        ulong xsdt = AcpiTables.Xsdt(root);
        return xsdt != 0 ? Find(host, xsdt, sizeof(ulong)) : Find(host, AcpiTables.Rsdt(root), sizeof(uint));
    }

    private static ReadOnlySpan<byte> Find(MediatorHost host, ulong address, int entrySize)
    {
        ReadOnlySpan<byte> list = Table(host, address);
        for (int i = 0; i < MaximumEntries && AcpiTables.HeaderSize + ((i + 1) * entrySize) <= list.Length; i++)
        {
            int offset = AcpiTables.HeaderSize + (i * entrySize);
            ReadOnlySpan<byte> table = Table(host, entrySize == sizeof(ulong) ? AcpiTables.Read64(list, offset) : AcpiTables.Read32(list, offset));
            if (AcpiTables.Has(table, "MCFG"u8))
            {
                return table;
            }
        }

        return default;
    }

    private static ReadOnlySpan<byte> Table(MediatorHost host, ulong address)
    {
        ReadOnlySpan<byte> header = address == 0 ? default : host.Memory(address, AcpiTables.HeaderSize);
        uint length = AcpiTables.Length(header);
        return length is 0 or > MaximumLength ? default : host.Memory(address, (int)length);
    }
}
