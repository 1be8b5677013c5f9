using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>A window of the enhanced configuration access mechanism: 1 MiB for each bus, 4 KiB for each function (PCIe 4.0 §7.2.2).</summary>
public struct EcamWindow
{
    /// <summary>log2 of the bytes of a bus.</summary>
    public const int BusShift = 20;

    /// <summary>log2 of the bytes of a function.</summary>
    public const int FunctionShift = 12;

    /// <summary>Buses a segment can have.</summary>
    public const int MaximumBuses = 256;

    private const ulong OffsetMask = (1UL << FunctionShift) - 1;
    private const int FunctionsMask = 0xFF;

    /// <summary>Segment group.</summary>
    public int Segment;

    /// <summary>First bus.</summary>
    public int FirstBus;

    /// <summary>Last bus.</summary>
    public int LastBus;

    /// <summary>Physical address of bus 0, which need not be in the window itself.</summary>
    public ulong Base;

    /// <summary>Whether the hardware answers there.</summary>
    public bool IsActive;

    /// <summary>What moves it.</summary>
    public EcamSource Source;

    /// <summary>First byte.</summary>
    public readonly ulong First => Base + ((ulong)FirstBus << BusShift);

    /// <summary>Last byte.</summary>
    public readonly ulong Last => Base + ((ulong)(LastBus + 1) << BusShift) - 1;

    /// <summary>Whether it shows a bus.</summary>
    public readonly bool Covers(int segment, int bus) => IsActive && segment == Segment && bus >= FirstBus && bus <= LastBus;

    /// <summary>Where a register of a function is.</summary>
    public readonly ulong AddressOf(PciAddress address, int offset) =>
        Base + ((ulong)address.Bus << BusShift) + ((ulong)address.DeviceFunction << FunctionShift) + (ulong)offset;

    /// <summary>The function a byte of the window belongs to.</summary>
    /// <param name="offset">Bytes from <see cref="First"/>.</param>
    /// <param name="register">Its offset in the function's space, 0 to 4095.</param>
    public readonly PciAddress Function(ulong offset, out int register)
    {
        register = (int)(offset & OffsetMask);
        return new PciAddress(Segment, FirstBus + (int)(offset >> BusShift), (int)(offset >> FunctionShift) & FunctionsMask);
    }
}
