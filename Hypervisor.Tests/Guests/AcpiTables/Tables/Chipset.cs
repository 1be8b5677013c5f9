namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>Where things are in Bochs' machine: an i440FX with PIIX3 and the power management of a PIIX4, as OVMF leaves it.</summary>
public static class Chipset
{
    /// <summary>The power management's ports (PIIX4 data sheet §7.2; OVMF puts them there).</summary>
    public const ushort PowerManagement = 0xB000;

    /// <summary>Status and enable registers.</summary>
    public const ushort PowerEvents = PowerManagement;

    /// <summary>The control register.</summary>
    public const ushort PowerControl = PowerManagement + 4;

    /// <summary>The timer of 3.58 MHz.</summary>
    public const ushort PowerTimer = PowerManagement + 8;

    /// <summary>The port through which an OS takes over from the firmware.</summary>
    public const ushort Command = 0xB2;

    /// <summary>The command that turns ACPI on.</summary>
    public const byte EnableCommand = 0xF1;

    /// <summary>The command that turns ACPI off.</summary>
    public const byte DisableCommand = 0xF0;

    /// <summary>The reset control register of the PIIX3.</summary>
    public const ushort ResetControl = 0xCF9;

    /// <summary>What resets the whole machine.</summary>
    public const byte HardReset = 0x06;

    /// <summary>The interrupt of the power management.</summary>
    public const byte SystemControlInterrupt = 9;

    /// <summary>The input of the I/O APIC that the interval timer's interrupt 0 is wired to.</summary>
    public const byte TimerInput = 2;

    /// <summary>The I/O APIC input of the first PCI interrupt line; four in turn serve slots and pins.</summary>
    public const byte FirstPciInput = 16;

    /// <summary>Number of PCI interrupt lines.</summary>
    public const byte PciLines = 4;

    /// <summary>The first PCI device that has interrupts: the PIIX3 with its functions.</summary>
    public const byte FirstSlot = 1;

    /// <summary>The last slot of Bochs' board.</summary>
    public const byte LastSlot = 6;

    /// <summary>The registers of the I/O APIC.</summary>
    public const uint InputOutputApic = 0xFEC0_0000;

    /// <summary>The registers of each processor's local APIC.</summary>
    public const uint LocalApic = 0xFEE0_0000;

    /// <summary>The end of the addresses that PCI devices may have below 4 GiB.</summary>
    public const uint PciMemoryEnd = 0xFEBF_FFFF;
}
