using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>All tables of a machine, one behind the other in one piece of memory; the control structure alone is elsewhere.</summary>
public static class TableSet
{
    /// <summary>Bytes that are enough for a machine with as many processors as a byte can name.</summary>
    public const int Capacity = 2 * 4096;

    private const int Alignment = 16;

    /// <summary>Writes them.</summary>
    /// <param name="storage">Where they go, <see cref="Capacity"/> bytes of zeros.</param>
    /// <param name="address">The address of the storage, below 4 GiB. The root pointer is there.</param>
    /// <param name="facs">The address of the firmware control structure.</param>
    /// <param name="machine">The machine.</param>
    public static void Write(Span<byte> storage, uint address, uint facs, MachineDescription machine)
    {
        int end = RootTables.PointerSize;
        int dsdt = Next(ref end);
        end += Dsdt.Write(storage.Slice(dsdt), machine.PciMemory);
        int fadt = Next(ref end);
        end += Fadt.Write(storage.Slice(fadt), facs, address + (uint)dsdt);
        int madt = Next(ref end);
        end += Madt.Write(storage.Slice(madt), machine.ApicIds, machine.InputOutputApicId);
        int rsdt = Next(ref end);
        end += RootTables.WriteRsdt(storage.Slice(rsdt), address + (uint)fadt, address + (uint)madt);
        int xsdt = Next(ref end);
        RootTables.WriteXsdt(storage.Slice(xsdt), address + (uint)fadt, address + (uint)madt);
        RootTables.WritePointer(storage, address + (uint)rsdt, address + (ulong)xsdt);
    }

    private static int Next(ref int end)
    {
        end = (end + Alignment - 1) / Alignment * Alignment;
        return end;
    }
}
