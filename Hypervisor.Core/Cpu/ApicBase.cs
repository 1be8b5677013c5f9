namespace Hypervisor.Core.Cpu;

/// <summary>IA32_APIC_BASE, MSR 0x1B: where the local APIC is and in which mode.</summary>
/// <remarks>Intel SDM vol 3 §10.4.4 and §10.12.1; AMD APM vol 2 §16.3.1.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct ApicBase(ulong value)
{
    private const ulong BootstrapProcessorBit = 1UL << 8;
    private const ulong X2ApicEnableBit = 1UL << 10;
    private const ulong GlobalEnableBit = 1UL << 11;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 8, BSP: this processor started the machine.</summary>
    public bool BootstrapProcessor => (value & BootstrapProcessorBit) != 0;

    /// <summary>Bit 10, EXTD: x2APIC mode, registers are MSRs 0x800 to 0x8FF. Valid only with <see cref="GlobalEnable"/>.</summary>
    public bool X2ApicEnable => (value & X2ApicEnableBit) != 0;

    /// <summary>Bit 11, EN: the local APIC is on.</summary>
    public bool GlobalEnable => (value & GlobalEnableBit) != 0;

    /// <summary>Bits 51:12: guest-physical address of the 4 KiB register page, used in xAPIC mode.</summary>
    public ulong PageAddress => value & 0x000F_FFFF_FFFF_F000;

    /// <summary>The registers answer at <see cref="PageAddress"/>: on, and not in x2APIC mode.</summary>
    public bool IsXApic => GlobalEnable && !X2ApicEnable;

    /// <summary>The registers answer as MSRs and the page does not exist.</summary>
    public bool IsX2Apic => GlobalEnable && X2ApicEnable;
}
