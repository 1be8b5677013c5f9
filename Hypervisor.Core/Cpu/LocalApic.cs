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

    /// <summary>Reads a register, by its offset in the page.</summary>
    public static uint ReadRegister(ApicBase apic, uint register) => apic.IsX2Apic
        ? (uint)Instructions.ReadMsr(Msr.X2ApicFirst + (register >> X2ApicShift))
        : Instructions.ReadMmio32(apic.PageAddress + register);

    /// <summary>Writes a register, by its offset in the page.</summary>
    public static void WriteRegister(ApicBase apic, uint register, uint value)
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
