using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Uefi.Loading;

/// <summary>Finds the machine's processors in its ACPI tables (L10).</summary>
public static unsafe class ProcessorDiscovery
{
    /// <summary>Fills the processor list. Without a MADT the running processor is the only one.</summary>
    /// <returns>Number of processors; more than there is room for when the machine has too many.</returns>
    public static int Read(byte* rootPointer, BootParameters* parameters)
    {
        Span<uint> ids = new(parameters->ApicIds, BootParameters.MaximumProcessors);
        byte* madt = rootPointer == null ? null : FindTable(rootPointer, "APIC"u8);
        int count = madt == null ? 0 : ProcessorList.Read(Table(madt), ids);
        if (count == 0)
        {
            ids[0] = LocalApic.Id;
            count = 1;
        }

        parameters->ProcessorCount = (uint)count;
        return count;
    }

    private static byte* FindTable(byte* rootPointer, ReadOnlySpan<byte> signature)
    {
        ReadOnlySpan<byte> root = new(rootPointer, AcpiTables.ExtendedRootPointerSize);
        ulong xsdt = AcpiTables.Xsdt(root);
        byte* list = (byte*)(xsdt != 0 ? xsdt : AcpiTables.Rsdt(root));
        if (list == null)
        {
            return null;
        }

        ReadOnlySpan<byte> entries = Table(list);
        int entrySize = xsdt != 0 ? sizeof(ulong) : sizeof(uint);
        for (int offset = AcpiTables.HeaderSize; offset + entrySize <= entries.Length; offset += entrySize)
        {
            byte* table = (byte*)(xsdt != 0 ? AcpiTables.Read64(entries, offset) : AcpiTables.Read32(entries, offset));
            if (table != null && AcpiTables.Has(new ReadOnlySpan<byte>(table, AcpiTables.HeaderSize), signature))
            {
                return table;
            }
        }

        return null;
    }

    private static ReadOnlySpan<byte> Table(byte* address) =>
        new(address, (int)AcpiTables.Length(new ReadOnlySpan<byte>(address, AcpiTables.HeaderSize)));
}
