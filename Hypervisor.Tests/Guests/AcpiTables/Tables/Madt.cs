using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>The table of interrupt controllers, and so of processors (ACPI 6.5 §5.2.12).</summary>
public static class Madt
{
    private const byte Revision = 3;
    private const uint LegacyControllers = 1; // PCAT_COMPAT: two 8259s, to be masked
    private const byte LocalApicEntry = 0;
    private const byte InputOutputApicEntry = 1;
    private const byte OverrideEntry = 2;
    private const byte LocalNmiEntry = 4;
    private const uint Enabled = 1;
    private const ushort AsOnBus = 0;
    private const ushort LevelActiveHigh = 0x000D;
    private const byte AllProcessors = 0xFF;
    private const byte NmiInput = 1;

    /// <summary>Writes the table.</summary>
    /// <param name="storage">Where it goes.</param>
    /// <param name="apicIds">The processors' local APIC IDs.</param>
    /// <param name="inputOutputApicId">The I/O APIC's own.</param>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> storage, ReadOnlySpan<byte> apicIds, byte inputOutputApicId)
    {
        TableWriter table = new(storage);
        table.Begin("APIC"u8, Revision);
        table.DoubleWord(Chipset.LocalApic);
        table.DoubleWord(LegacyControllers);
        for (int i = 0; i < apicIds.Length; i++)
        {
            table.Byte(LocalApicEntry);
            table.Byte(8);
            table.Byte((byte)i);
            table.Byte(apicIds[i]);
            table.DoubleWord(Enabled);
        }

        table.Byte(InputOutputApicEntry);
        table.Byte(12);
        table.Byte(inputOutputApicId);
        table.Byte(0);
        table.DoubleWord(Chipset.InputOutputApic);
        table.DoubleWord(0); // its inputs are numbered from 0
        Override(ref table, interrupt: 0, Chipset.TimerInput, AsOnBus);
        Override(ref table, Chipset.SystemControlInterrupt, Chipset.SystemControlInterrupt, LevelActiveHigh);
        table.Byte(LocalNmiEntry);
        table.Byte(6);
        table.Byte(AllProcessors);
        table.Word(AsOnBus);
        table.Byte(NmiInput);
        return table.End();
    }

    private static void Override(ref TableWriter table, byte interrupt, byte input, ushort mode)
    {
        table.Byte(OverrideEntry);
        table.Byte(10);
        table.Byte(0); // ISA
        table.Byte(interrupt);
        table.DoubleWord(input);
        table.Word(mode);
    }
}
