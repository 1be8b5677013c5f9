namespace Hypervisor.Devices.Ahci;

/// <summary>PxCMD (AHCI 1.3.1 §3.3.7).</summary>
/// <param name="value">Its bits.</param>
public readonly struct AhciPortCommand(uint value)
{
    private const uint StartBit = 1;
    private const uint ReceiveBit = 1u << 4;
    private const int CurrentSlotShift = 8;
    private const uint CurrentSlotMask = 0x1F;
    private const uint ReceiveRunningBit = 1u << 14;
    private const uint ListRunningBit = 1u << 15;
    private const uint PortMultiplierBit = 1u << 17;

    /// <summary>Its bits.</summary>
    public uint Value => value;

    /// <summary>ST: the command list is worked on.</summary>
    public bool IsStarted => (value & StartBit) != 0;

    /// <summary>FRE: received FISes go to memory.</summary>
    public bool Receives => (value & ReceiveBit) != 0;

    /// <summary>CCS: the slot of the command that the controller is at, or that has failed.</summary>
    public int CurrentSlot => (int)(value >> CurrentSlotShift & CurrentSlotMask);

    /// <summary>FR: they still do.</summary>
    public bool ReceiveRuns => (value & ReceiveRunningBit) != 0;

    /// <summary>CR: the command list is still being worked on.</summary>
    public bool ListRuns => (value & ListRunningBit) != 0;

    /// <summary>PMA: a port multiplier is attached.</summary>
    public bool HasPortMultiplier => (value & PortMultiplierBit) != 0;

    /// <summary>The same with ST as said.</summary>
    public AhciPortCommand WithStart(bool started) => new(started ? value | StartBit : value & ~StartBit);

    /// <summary>The same without FRE.</summary>
    public AhciPortCommand WithoutReceive() => new(value & ~ReceiveBit);
}
