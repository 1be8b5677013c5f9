using System;
using System.Runtime;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Guests.AcpiTables.Tables;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.AcpiTables;

/// <summary>
/// Publishes the ACPI tables that OVMF cannot find on Bochs: with them an OS uses all processors, and can switch the machine off. A machine that has
/// tables already keeps them.
/// </summary>
public static unsafe class AcpiEntry
{
    private const int MostProcessors = 254;
    private const int LineCapacity = 80;
    private const ulong PageSize = 4096;
    private const ulong Below4GiB = uint.MaxValue;

    private struct IdBuffer
    {
        public fixed byte Bytes[MostProcessors];
    }

    private struct LineBuffer
    {
        public fixed byte Bytes[LineCapacity];
    }

    private static IdBuffer s_ids;

    /// <summary>Entry point (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable)
    {
        Firmware firmware = new(imageHandle, systemTable);
        if (firmware.AcpiRootPointer != null)
        {
            firmware.Print("acpi: this machine has tables already\n"u8);
            return EfiStatus.Success;
        }

        fixed (byte* ids = s_ids.Bytes)
        {
            int count = Hardware.FindProcessors(firmware, new Span<byte>(ids, MostProcessors));
            if (count == 0)
            {
                firmware.Print("acpi: the firmware does not say which processors there are\n"u8);
                return EfiStatus.Unsupported;
            }

            return Publish(firmware, new ReadOnlySpan<byte>(ids, count));
        }
    }

    private static EfiStatus Publish(Firmware firmware, ReadOnlySpan<byte> apicIds)
    {
        byte* tables = Allocate(firmware, EfiMemoryType.AcpiReclaim, TableSet.Capacity);
        byte* facs = Allocate(firmware, EfiMemoryType.AcpiNonVolatile, RootTables.FacsSize);
        if (tables == null || facs == null)
        {
            return EfiStatus.OutOfResources;
        }

        RootTables.WriteFacs(new Span<byte>(facs, RootTables.FacsSize));
        MachineDescription machine = new(apicIds, Hardware.InputOutputApicId, Hardware.PciMemory);
        TableSet.Write(new Span<byte>(tables, TableSet.Capacity), (uint)(ulong)tables, (uint)(ulong)facs, machine);
        EfiStatus status = Install(firmware, EfiGuid.Acpi20Table, tables);
        status = status == EfiStatus.Success ? Install(firmware, EfiGuid.Acpi10Table, tables) : status;
        if (status == EfiStatus.Success)
        {
            Report(firmware, apicIds.Length);
        }

        return status;
    }

    private static byte* Allocate(Firmware firmware, EfiMemoryType type, int bytes)
    {
        ulong address = Below4GiB;
        nuint pages = (nuint)(((ulong)bytes + PageSize - 1) / PageSize);
        if (firmware.Services->AllocatePages(EfiAllocateType.MaxAddress, type, pages, &address) != EfiStatus.Success)
        {
            return null;
        }

        byte* memory = (byte*)address;
        for (int i = 0; i < bytes; i++)
        {
            memory[i] = 0;
        }

        return memory;
    }

    private static EfiStatus Install(Firmware firmware, EfiGuid guid, void* table) =>
        firmware.Services->InstallConfigurationTable(&guid, table);

    private static void Report(Firmware firmware, int processors)
    {
        LineBuffer line;
        TextBuffer text = new(new Span<byte>(line.Bytes, LineCapacity));
        text.Append("acpi: tables for "u8);
        text.AppendDecimal((ulong)processors);
        text.Append(processors == 1 ? " processor"u8 : " processors"u8);
        text.AppendLineFeed();
        firmware.Print(text.Written);
    }
}
