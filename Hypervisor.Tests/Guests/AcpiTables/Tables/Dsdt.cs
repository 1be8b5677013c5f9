using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>
/// The machine in ACPI's own language: how it is switched off, the PCI bus with the addresses behind it, and where the interrupts of its slots
/// go (ACPI 6.5 §5.2.11.1, §20.2).
/// </summary>
public static class Dsdt
{
    private const byte Revision = 2;
    private const uint HostBridgeId = 0x030A_D041; // EISAID("PNP0A03")
    private const byte ConfigurationPorts = 8; // CF8h to CFFh
    private const ushort ConfigurationAddress = 0xCF8;
    private const uint VideoMemory = 0xA_0000;
    private const uint VideoMemoryEnd = 0xB_FFFF;

    /// <summary>Writes the table.</summary>
    /// <param name="storage">Where it goes.</param>
    /// <param name="pciMemory">The first address that PCI devices may have below 4 GiB.</param>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> storage, uint pciMemory)
    {
        TableWriter table = new(storage);
        table.Begin("DSDT"u8, Revision);
        AmlWriter.Name(ref table, "\\_S5_"u8);
        WriteSoftOff(ref table);
        int scope = AmlWriter.BeginScope(ref table, "\\_SB_"u8);
        int bridge = AmlWriter.BeginDevice(ref table, "PCI0"u8);
        AmlWriter.Name(ref table, "_HID"u8);
        AmlWriter.Number(ref table, HostBridgeId);
        AmlWriter.Name(ref table, "_ADR"u8);
        AmlWriter.Number(ref table, 0);
        AmlWriter.Name(ref table, "_CRS"u8);
        WriteResources(ref table, pciMemory);
        AmlWriter.Name(ref table, "_PRT"u8);
        WriteRouting(ref table);
        AmlWriter.End(ref table, bridge);
        AmlWriter.End(ref table, scope);
        return table.End();
    }

    /// <summary>The sleep type that Bochs takes for "off" is 0.</summary>
    private static void WriteSoftOff(ref TableWriter table)
    {
        int package = AmlWriter.BeginPackage(ref table, 4);
        for (int i = 0; i < 4; i++)
        {
            AmlWriter.Number(ref table, 0);
        }

        AmlWriter.End(ref table, package);
    }

    private static void WriteResources(ref TableWriter table, uint pciMemory)
    {
        int buffer = ResourceWriter.Begin(ref table);
        ResourceWriter.BusNumbers(ref table, 0, 0xFF);
        ResourceWriter.OwnPorts(ref table, ConfigurationAddress, ConfigurationPorts);
        ResourceWriter.Ports(ref table, 0, ConfigurationAddress - 1);
        ResourceWriter.Ports(ref table, ConfigurationAddress + ConfigurationPorts, ushort.MaxValue);
        ResourceWriter.Memory(ref table, VideoMemory, VideoMemoryEnd);
        ResourceWriter.Memory(ref table, pciMemory, Chipset.PciMemoryEnd);
        ResourceWriter.End(ref table, buffer);
    }

    /// <summary>Slot and pin together choose one of four lines, each wired to an input of the I/O APIC of its own.</summary>
    private static void WriteRouting(ref TableWriter table)
    {
        int all = AmlWriter.BeginPackage(ref table, (Chipset.LastSlot - Chipset.FirstSlot + 1) * Chipset.PciLines);
        for (uint slot = Chipset.FirstSlot; slot <= Chipset.LastSlot; slot++)
        {
            for (uint pin = 0; pin < Chipset.PciLines; pin++)
            {
                int entry = AmlWriter.BeginPackage(ref table, 4);
                AmlWriter.Number(ref table, (slot << 16) | ushort.MaxValue); // all functions of the device
                AmlWriter.Number(ref table, pin);
                AmlWriter.Number(ref table, 0); // no link device: the next number is the input
                AmlWriter.Number(ref table, Chipset.FirstPciInput + ((slot + pin) % Chipset.PciLines));
                AmlWriter.End(ref table, entry);
            }
        }

        AmlWriter.End(ref table, all);
    }
}
