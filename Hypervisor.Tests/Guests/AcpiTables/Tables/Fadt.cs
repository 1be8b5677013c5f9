using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>The table of fixed hardware: the PIIX4's power management (ACPI 6.5 §5.2.9).</summary>
public static class Fadt
{
    private const byte Revision = 3;
    private const byte Desktop = 1;
    private const byte EventBytes = 4;
    private const byte ControlBytes = 2;
    private const byte TimerBytes = 4;
    private const ushort NoSecondSleepLevel = 101;
    private const ushort NoThirdSleepLevel = 1001;
    private const byte CenturyIndex = 0x32;
    private const ushort LegacyDevicesAndKeyboard = 3;
    private const byte PortSpace = 1;
    private const int BitsPerByte = 8;

    // WBINVD works, HLT is supported by all processors, neither button is in the fixed hardware, nor is the RTC's wake-up; there is a reset register.
    private const uint Features = (1 << 0) | (1 << 2) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 10);

    /// <summary>Writes the table.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> storage, uint facs, uint dsdt)
    {
        TableWriter table = new(storage);
        table.Begin("FACP"u8, Revision);
        table.DoubleWord(facs);
        table.DoubleWord(dsdt);
        table.Byte(0);
        table.Byte(Desktop);
        table.Word(Chipset.SystemControlInterrupt);
        table.DoubleWord(Chipset.Command);
        table.Byte(Chipset.EnableCommand);
        table.Byte(Chipset.DisableCommand);
        table.Word(0); // no sleep through the firmware, no control of its power states
        table.DoubleWord(Chipset.PowerEvents);
        table.DoubleWord(0);
        table.DoubleWord(Chipset.PowerControl);
        table.DoubleWord(0);
        table.DoubleWord(0);
        table.DoubleWord(Chipset.PowerTimer);
        table.QuadWord(0); // no general-purpose events
        table.Byte(EventBytes);
        table.Byte(ControlBytes);
        table.Byte(0);
        table.Byte(TimerBytes);
        table.DoubleWord(0);
        table.Word(NoSecondSleepLevel);
        table.Word(NoThirdSleepLevel);
        table.QuadWord(0); // cache flushing by reading, duty cycle, alarm
        table.Byte(CenturyIndex);
        table.Word(LegacyDevicesAndKeyboard);
        table.Byte(0);
        table.DoubleWord(Features);
        Address(ref table, sizeof(byte), Chipset.ResetControl);
        table.Byte(Chipset.HardReset);
        table.Skip(3);
        table.QuadWord(0); // the control structure has its address above already
        table.QuadWord(dsdt);
        Address(ref table, EventBytes, Chipset.PowerEvents);
        Address(ref table, 0, 0);
        Address(ref table, ControlBytes, Chipset.PowerControl);
        Address(ref table, 0, 0);
        Address(ref table, 0, 0);
        Address(ref table, TimerBytes, Chipset.PowerTimer);
        Address(ref table, 0, 0);
        Address(ref table, 0, 0);
        return table.End();
    }

    /// <summary>A generic address (ACPI 6.5 §5.2.3.2); all zeros where there is no such register.</summary>
    private static void Address(ref TableWriter table, byte bytes, ushort port)
    {
        table.Byte(port == 0 ? (byte)0 : PortSpace);
        table.Byte((byte)(bytes * BitsPerByte));
        table.Byte(0); // the register begins at bit 0
        table.Byte(0); // access of any size
        table.QuadWord(port);
    }
}
