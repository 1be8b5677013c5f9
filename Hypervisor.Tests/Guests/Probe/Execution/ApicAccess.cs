using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>The local APIC in xAPIC mode, as the probe uses it (AMD APM vol 2 §16.3).</summary>
public static class ApicAccess
{
    /// <summary>Version.</summary>
    public const uint Version = 0x30;

    /// <summary>Task priority.</summary>
    public const uint TaskPriority = 0x80;

    /// <summary>Spurious interrupt vector.</summary>
    public const uint SpuriousVector = 0xF0;

    /// <summary>Error status.</summary>
    public const uint ErrorStatus = 0x280;

    /// <summary>Local vector of the timer.</summary>
    public const uint TimerVector = 0x320;

    /// <summary>Local vector of the error interrupt.</summary>
    public const uint ErrorVector = 0x370;

    /// <summary>Delivery mode NMI, edge, asserted.</summary>
    public const uint NmiCommand = (4 << 8) | (1 << 14);

    /// <summary>Delivery mode fixed, to itself by shorthand.</summary>
    public const uint FixedToSelf = (1 << 14) | (1 << 18);

    private const uint EndOfInterruptRegister = 0xB0;

    /// <summary>Where the page is.</summary>
    public static ulong Page => LocalApic.Base.PageAddress;

    /// <summary>Reads a register.</summary>
    public static uint Read(uint register) => Instructions.ReadMmio32(Page + register);

    /// <summary>Writes a register.</summary>
    public static void Write(uint register, uint value) => Instructions.WriteMmio32(Page + register, value);

    /// <summary>Ends the interrupt in service.</summary>
    public static void EndOfInterrupt() => Write(EndOfInterruptRegister, 0);

    /// <summary>Sends this processor an NMI. The self shorthand is for fixed interrupts only, so its own ID is the destination.</summary>
    public static void SendNmiToSelf() => LocalApic.SendNmi(LocalApic.Id);

    /// <summary>Sends this processor a fixed interrupt.</summary>
    public static void SendToSelf(byte vector) => Write(LocalApic.InterruptCommandLow, FixedToSelf | vector);
}
