namespace Hypervisor.Core.Guest.Startup;

/// <summary>The interrupt command register of a local APIC: one write sends an interrupt, NMI, INIT or SIPI to other processors.</summary>
/// <remarks>
/// Intel SDM vol 3 §10.6.1 (xAPIC: two registers at 0x300 and 0x310, destination in bits 63:56) and §10.12.9 (x2APIC: MSR 0x830,
/// destination in bits 63:32); AMD APM vol 2 §16.5 and §16.13.
/// </remarks>
public readonly struct InterruptCommand
{
    /// <summary>Destination of everyone in xAPIC mode, physical or logical.</summary>
    public const uint XApicBroadcast = 0xFF;

    /// <summary>Destination of everyone in x2APIC mode, physical or logical.</summary>
    public const uint X2ApicBroadcast = 0xFFFF_FFFF;

    private const uint LogicalBit = 1 << 11;
    private const uint AssertBit = 1 << 14;
    private const uint LevelTriggeredBit = 1 << 15;
    private const int DeliveryModeShift = 8;
    private const int ShorthandShift = 18;
    private const int XApicDestinationShift = 24;
    private const int X2ApicDestinationShift = 32;

    private readonly uint _low;

    private InterruptCommand(uint low, uint destination, bool isX2Apic)
    {
        _low = low;
        Destination = destination;
        IsX2Apic = isX2Apic;
    }

    /// <summary>The command as the two registers of xAPIC mode hold it.</summary>
    /// <param name="low">Register 0x300; writing it sends.</param>
    /// <param name="high">Register 0x310.</param>
    /// <returns>The command.</returns>
    public static InterruptCommand FromXApic(uint low, uint high) => new(low, high >> XApicDestinationShift, isX2Apic: false);

    /// <summary>The command as MSR 0x830 takes it in x2APIC mode.</summary>
    /// <param name="value">The value written.</param>
    /// <returns>The command.</returns>
    public static InterruptCommand FromX2Apic(ulong value) => new((uint)value, (uint)(value >> X2ApicDestinationShift), isX2Apic: true);

    /// <summary>Bits 31:0, the same in both modes.</summary>
    public uint Low => _low;

    /// <summary>The destination: 8 bits in xAPIC mode, 32 in x2APIC mode. Without meaning under a shorthand.</summary>
    public uint Destination { get; }

    /// <summary>Sent in x2APIC mode.</summary>
    public bool IsX2Apic { get; }

    /// <summary>Bits 63:32 as the mode of the sender lays them out: register 0x310, or the upper half of MSR 0x830.</summary>
    public uint High => IsX2Apic ? Destination : Destination << XApicDestinationShift;

    /// <summary>Both halves as one value: what MSR 0x830 takes in x2APIC mode.</summary>
    public ulong Value => ((ulong)High << X2ApicDestinationShift) | _low;

    /// <summary>Bits 7:0.</summary>
    public byte Vector => (byte)_low;

    /// <summary>Bits 10:8.</summary>
    public InterruptDeliveryMode DeliveryMode => (InterruptDeliveryMode)((_low >> DeliveryModeShift) & 7);

    /// <summary>Bit 11: the destination is a logical one.</summary>
    public bool IsLogical => (_low & LogicalBit) != 0;

    /// <summary>Bit 14: assert; 0 only for the INIT level de-assert.</summary>
    public bool IsAssert => (_low & AssertBit) != 0;

    /// <summary>Bit 15: level triggered.</summary>
    public bool IsLevelTriggered => (_low & LevelTriggeredBit) != 0;

    /// <summary>Bits 19:18.</summary>
    public InterruptShorthand Shorthand => (InterruptShorthand)((_low >> ShorthandShift) & 3);

    /// <summary>The INIT level de-assert: it once synchronised arbitration and does nothing on any 64-bit processor (SDM vol 3 §10.6.1,
    /// "INIT Level De-assert"). Linux sends it behind each INIT.
    /// </summary>
    public bool IsInitDeassert => DeliveryMode == InterruptDeliveryMode.Init && IsLevelTriggered && !IsAssert;

    /// <summary>An INIT that resets its targets.</summary>
    public bool IsInit => DeliveryMode == InterruptDeliveryMode.Init && !IsInitDeassert;

    /// <summary>A SIPI.</summary>
    public bool IsStartup => DeliveryMode == InterruptDeliveryMode.Startup;
}
