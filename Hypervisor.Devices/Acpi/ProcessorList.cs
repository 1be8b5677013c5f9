using System;

namespace Hypervisor.Devices.Acpi;

/// <summary>The processors that the MADT names (ACPI 6.5 §5.2.12): those that are enabled, and those that may be brought online.</summary>
public static class ProcessorList
{
    private const int FirstEntry = 44;
    private const byte LocalApicEntry = 0;
    private const int LocalApicLength = 8;
    private const byte LocalX2ApicEntry = 9;
    private const int LocalX2ApicLength = 16;
    private const uint Usable = 3; // enabled, or online capable
    private const uint UnusedApicId = 0xFF;
    private const uint UnusedX2ApicId = 0xFFFF_FFFF;

    /// <summary>Collects local APIC IDs.</summary>
    /// <param name="madt">The table.</param>
    /// <param name="apicIds">Room for them.</param>
    /// <returns>Number of processors found, which may be more than there was room for; a malformed entry ends the list.</returns>
    public static int Read(ReadOnlySpan<byte> madt, Span<uint> apicIds)
    {
        int count = 0;
        int offset = FirstEntry;
        while (offset + 2 <= madt.Length)
        {
            byte type = madt[offset];
            int length = madt[offset + 1];
            if (length < 2 || offset + length > madt.Length)
            {
                break;
            }

            if (type == LocalApicEntry && length >= LocalApicLength)
            {
                uint id = madt[offset + 3];
                if (id != UnusedApicId && (AcpiTables.Read32(madt, offset + 4) & Usable) != 0)
                {
                    Add(id, apicIds, ref count);
                }
            }
            else if (type == LocalX2ApicEntry && length >= LocalX2ApicLength)
            {
                uint id = AcpiTables.Read32(madt, offset + 4);
                if (id != UnusedX2ApicId && (AcpiTables.Read32(madt, offset + 8) & Usable) != 0)
                {
                    Add(id, apicIds, ref count);
                }
            }

            offset += length;
        }

        return count;
    }

    /// <summary>A processor may be named by both kinds of entry: it counts once.</summary>
    private static void Add(uint id, Span<uint> apicIds, ref int count)
    {
        for (int i = 0; i < count && i < apicIds.Length; i++)
        {
            if (apicIds[i] == id)
            {
                return;
            }
        }

        if (count < apicIds.Length)
        {
            apicIds[count] = id;
        }

        count++;
    }
}
