namespace Hypervisor.Core.Cpu;

/// <summary>The local APIC of the executing processor, in xAPIC or x2APIC mode (AMD APM vol 2 §16.3, §16.9; Intel SDM vol 3 §10.4, §10.12).</summary>
public static class LocalApic
{
    /// <summary>Offset of the ID register.</summary>
    public const uint IdRegister = 0x20;

    /// <summary>Offset of the logical destination register.</summary>
    public const uint LogicalDestinationRegister = 0xD0;

    /// <summary>Offset of the destination format register.</summary>
    public const uint DestinationFormatRegister = 0xE0;

    /// <summary>Offset of the low half of the interrupt command register: writing it sends.</summary>
    public const uint InterruptCommandLow = 0x300;

    /// <summary>Offset of the high half of the interrupt command register.</summary>
    public const uint InterruptCommandHigh = 0x310;

    /// <summary>Bytes of the page.</summary>
    public const uint PageSize = 0x1000;

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
    private const int X2ApicShift = 4;
    private const uint DeliveryPending = 1u << 12;
    private const int XApicIdShift = 24;
    private const uint AssertEdge = 1u << 14;
    private const int MaximumDeliveryPolls = 100_000;

    private enum Delivery : uint
    {
        Nmi = 4u << 8,
        Init = 5u << 8,
        Startup = 6u << 8,
    }

    /// <summary>The APIC base register.</summary>
    public static ApicBase Base => new(Instructions.ReadMsr(Msr.ApicBase));

    /// <summary>ID of the executing processor's APIC.</summary>
    public static uint Id
    {
        get
        {
            ApicBase apic = Base;
            return apic.IsX2Apic
                ? (uint)Instructions.ReadMsr(Msr.X2ApicId)
                : Instructions.ReadMmio32(apic.PageAddress + IdRegister) >> XApicIdShift;
        }
    }

    /// <summary>Sends a non-maskable interrupt.</summary>
    public static void SendNmi(uint apicId) => Send(apicId, (uint)Delivery.Nmi | AssertEdge);

    /// <summary>Sends INIT.</summary>
    public static void SendInit(uint apicId) => Send(apicId, (uint)Delivery.Init | AssertEdge);

    /// <summary>Sends SIPI for the page <paramref name="vector"/> × 4 KiB.</summary>
    public static void SendStartup(uint apicId, byte vector) => Send(apicId, (uint)Delivery.Startup | AssertEdge | vector);

    /// <summary>
    /// Puts the APIC into the state that INIT leaves it in (AMD APM vol 2 §16.3.5; Intel SDM vol 3 §10.4.7.3), for an INIT that was swallowed. No register clears
    /// requests, so what is pending is delivered to the host and ended there.
    /// </summary>
    public static void ResetAfterInit()
    {
        ApicBase apic = Base;
        if (!apic.GlobalEnable)
        {
            return;
        }

        // How many entries the local vector table has, less one.
        uint lastEntry = (ReadRegister(apic, VersionRegister) >> LastEntryShift) & 0xFF;
        WriteRegister(apic, TimerEntry, Masked);
        WriteRegister(apic, Lint0Entry, Masked);
        WriteRegister(apic, Lint1Entry, Masked);
        WriteRegister(apic, ErrorEntry, Masked);
        if (lastEntry >= 4)
        {
            WriteRegister(apic, PerformanceEntry, Masked);
        }

        if (lastEntry >= 5)
        {
            WriteRegister(apic, ThermalEntry, Masked);
        }

        if (lastEntry >= 6)
        {
            WriteRegister(apic, CorrectedMachineCheckEntry, Masked);
        }

        WriteRegister(apic, TimerInitialCount, 0);
        WriteRegister(apic, TimerDivide, 0);
        WriteRegister(apic, TaskPriorityRegister, 0);
        WriteRegister(apic, SpuriousVectorRegister, SoftwareEnabled);
        for (int i = 0; i < MaximumPending; i++)
        {
            if (Any(apic, InServiceRegisters))
            {
                WriteRegister(apic, EndOfInterruptRegister, 0);
            }
            else if (Any(apic, RequestRegisters))
            {
                Instructions.OpenInterruptWindowUnderGif();
            }
            else
            {
                break;
            }
        }

        WriteRegister(apic, SpuriousVectorRegister, SoftwareDisabled);
        WriteRegister(apic, ErrorStatusRegister, 0);
        if (apic.IsXApic)
        {
            WriteRegister(apic, LogicalDestinationRegister, 0);
            WriteRegister(apic, DestinationFormatRegister, FlatModel);
            WriteRegister(apic, InterruptCommandHigh, 0);
        }
    }

    private static bool Any(ApicBase apic, uint first)
    {
        uint all = 0;
        for (uint i = 0; i < VectorGroups; i++)
        {
            all |= ReadRegister(apic, first + (i * GroupStride));
        }

        return all != 0;
    }

    private static uint ReadRegister(ApicBase apic, uint register) => apic.IsX2Apic
        ? (uint)Instructions.ReadMsr(Msr.X2ApicFirst + (register >> X2ApicShift))
        : Instructions.ReadMmio32(apic.PageAddress + register);

    private static void WriteRegister(ApicBase apic, uint register, uint value)
    {
        if (apic.IsX2Apic)
        {
            Instructions.WriteMsr(Msr.X2ApicFirst + (register >> X2ApicShift), value);
        }
        else
        {
            Instructions.WriteMmio32(apic.PageAddress + register, value);
        }
    }

    /// <summary>Sends a command and leaves the destination half as the guest wrote it.</summary>
    private static void Send(uint apicId, uint command)
    {
        ApicBase apic = Base;
        if (apic.IsX2Apic)
        {
            Instructions.WriteMsr(Msr.X2ApicInterruptCommand, ((ulong)apicId << 32) | command);
            return;
        }

        ulong page = apic.PageAddress;
        uint destination = Instructions.ReadMmio32(page + InterruptCommandHigh);
        WaitForDelivery(page);
        Instructions.WriteMmio32(page + InterruptCommandHigh, apicId << XApicIdShift);
        Instructions.WriteMmio32(page + InterruptCommandLow, command);
        WaitForDelivery(page);
        Instructions.WriteMmio32(page + InterruptCommandHigh, destination);
    }

    /// <summary>A command must be on its way before the register takes the next (AMD APM vol 2 §16.5).</summary>
    private static void WaitForDelivery(ulong page)
    {
        for (int i = 0; i < MaximumDeliveryPolls && (Instructions.ReadMmio32(page + InterruptCommandLow) & DeliveryPending) != 0; i++)
        {
            Instructions.Pause();
        }
    }
}
