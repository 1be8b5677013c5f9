namespace Hypervisor.Devices.Pci;

/// <summary>What a register of the machine says about an <see cref="EcamWindow"/> of segment 0 that begins with bus 0.</summary>
public readonly struct EcamPlace
{
    private const ulong EnableBit = 1;
    private const int IntelLengthShift = 1;
    private const ulong IntelLengthMask = 3;
    private const ulong IntelBase = 0x7F_FC00_0000; // bits 38 to 26; Q35 has 35 to 26 and reads zeros above
    private const int AmdRangeShift = 2;
    private const int AmdRangeMask = 0xF;
    private const int AmdRangeMaximum = 8;
    private const ulong AmdBase = 0xFFFF_FFF0_0000;

    private EcamPlace(bool isEnabled, ulong address, int buses)
    {
        ulong size = (ulong)buses << EcamWindow.BusShift;
        IsEnabled = isEnabled && address != 0 && buses != 0;
        Base = address & ~(size - 1);
        Buses = buses;
    }

    /// <summary>Whether there is a window.</summary>
    public bool IsEnabled { get; }

    /// <summary>Its first byte.</summary>
    public ulong Base { get; }

    /// <summary>Number of buses.</summary>
    public int Buses { get; }

    /// <summary>PCIEXBAR (Intel Q35 MCH datasheet §5.1.16): bit 0 enables, bits 2 and 1 are 0 for 256 buses, 1 for 128, 2 for 64, and 3 is reserved.</summary>
    /// <param name="register">The eight bytes.</param>
    public static EcamPlace OfPciExBar(ulong register)
    {
        int length = (int)((register >> IntelLengthShift) & IntelLengthMask);
        return new((register & EnableBit) != 0, register & IntelBase, length > 2 ? 0 : EcamWindow.MaximumBuses >> length);
    }

    /// <summary>MMIO Configuration Base Address (AMD PPR, MSR C001_0058): bit 0 enables, bits 5 to 2 are log2 of the number of buses, at most 8.</summary>
    /// <param name="register">The MSR.</param>
    public static EcamPlace OfAmdMsr(ulong register)
    {
        int range = (int)(register >> AmdRangeShift) & AmdRangeMask;
        return new((register & EnableBit) != 0, register & AmdBase, range > AmdRangeMaximum ? 0 : 1 << range);
    }
}
