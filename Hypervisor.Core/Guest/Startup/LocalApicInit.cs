using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>What INIT does to a local APIC, done by hand for an INIT that did not reach it.</summary>
public static class LocalApicInit
{
    private const uint VersionRegister = 0x30;
    private const uint TaskPriorityRegister = 0x80;
    private const uint EndOfInterruptRegister = 0xB0;
    private const uint SpuriousVectorRegister = 0xF0;
    private const uint InServiceRegisters = 0x100;
    private const uint RequestRegisters = 0x200;
    private const uint ErrorStatusRegister = 0x280;
    private const uint CorrectedMachineCheckEntry = 0x2F0;
    private const uint TimerEntry = 0x320;
    private const uint ThermalEntry = 0x330;
    private const uint PerformanceEntry = 0x340;
    private const uint Lint0Entry = 0x350;
    private const uint Lint1Entry = 0x360;
    private const uint ErrorEntry = 0x370;
    private const uint TimerInitialCount = 0x380;
    private const uint TimerDivide = 0x3E0;
    private const uint Masked = 1u << 16;
    private const uint SoftwareEnabled = 0x1FF;
    private const uint SoftwareDisabled = 0xFF;
    private const uint FlatModel = 0xFFFF_FFFF;
    private const uint VectorGroups = 8;
    private const uint GroupStride = 0x10;
    private const int LastEntryShift = 16;
    private const int MaximumPending = 2 * 256;

    /// <summary>
    /// Puts the APIC into the state that INIT leaves it in (AMD APM vol 2 §16.3.5; Intel SDM vol 3 §10.4.7.3), for an INIT that was swallowed. No register clears
    /// requests, so what is pending is delivered to the host and ended there.
    /// </summary>
    public static void Reset<TGuest>()
        where TGuest : struct, IGuestProcessor
    {
        ApicBase apic = LocalApic.Base;
        if (!apic.GlobalEnable)
        {
            return;
        }

        // How many entries the local vector table has, less one.
        uint lastEntry = (LocalApic.ReadRegister(apic, VersionRegister) >> LastEntryShift) & 0xFF;
        LocalApic.WriteRegister(apic, TimerEntry, Masked);
        LocalApic.WriteRegister(apic, Lint0Entry, Masked);
        LocalApic.WriteRegister(apic, Lint1Entry, Masked);
        LocalApic.WriteRegister(apic, ErrorEntry, Masked);
        if (lastEntry >= 4)
        {
            LocalApic.WriteRegister(apic, PerformanceEntry, Masked);
        }

        if (lastEntry >= 5)
        {
            LocalApic.WriteRegister(apic, ThermalEntry, Masked);
        }

        if (lastEntry >= 6)
        {
            LocalApic.WriteRegister(apic, CorrectedMachineCheckEntry, Masked);
        }

        LocalApic.WriteRegister(apic, TimerInitialCount, 0);
        LocalApic.WriteRegister(apic, TimerDivide, 0);
        LocalApic.WriteRegister(apic, TaskPriorityRegister, 0);
        LocalApic.WriteRegister(apic, SpuriousVectorRegister, SoftwareEnabled);
        for (int i = 0; i < MaximumPending; i++)
        {
            if (Any(apic, InServiceRegisters))
            {
                LocalApic.WriteRegister(apic, EndOfInterruptRegister, 0);
            }
            else if (Any(apic, RequestRegisters))
            {
                TGuest.OpenInterruptWindow();
            }
            else
            {
                break;
            }
        }

        LocalApic.WriteRegister(apic, SpuriousVectorRegister, SoftwareDisabled);
        LocalApic.WriteRegister(apic, ErrorStatusRegister, 0);
        if (apic.IsXApic)
        {
            LocalApic.WriteRegister(apic, LocalApic.LogicalDestinationRegister, 0);
            LocalApic.WriteRegister(apic, LocalApic.DestinationFormatRegister, FlatModel);
            LocalApic.WriteRegister(apic, LocalApic.InterruptCommandHigh, 0);
        }
    }

    private static bool Any(ApicBase apic, uint first)
    {
        uint all = 0;
        for (uint i = 0; i < VectorGroups; i++)
        {
            all |= LocalApic.ReadRegister(apic, first + (i * GroupStride));
        }

        return all != 0;
    }
}
