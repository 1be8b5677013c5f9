namespace Hypervisor.Core.Mediation;

/// <summary>Where a PCI function answers: segment, bus, device, function (PCI Firmware 3.3 §4.1; PCI 3.0 §3.2.2.3.2).</summary>
public readonly struct PciAddress
{
    private const int SegmentShift = 16;
    private const int BusShift = 8;
    private const int DeviceShift = 3;
    private const int DeviceMask = 0x1F;
    private const int FunctionMask = 7;

    /// <summary>The address a number of <see cref="Packed"/> stands for.</summary>
    public PciAddress(uint packed)
    {
        Packed = packed;
    }

    /// <summary>An address.</summary>
    /// <param name="segment">Segment group, 0 to 65535.</param>
    /// <param name="bus">Bus, 0 to 255.</param>
    /// <param name="deviceFunction">Device times eight, plus function: 0 to 255.</param>
    public PciAddress(int segment, int bus, int deviceFunction)
    {
        Packed = ((uint)segment << SegmentShift) | ((uint)(byte)bus << BusShift) | (byte)deviceFunction;
    }

    /// <summary>An address.</summary>
    /// <param name="segment">Segment group, 0 to 65535.</param>
    /// <param name="bus">Bus, 0 to 255.</param>
    /// <param name="device">Device, 0 to 31.</param>
    /// <param name="function">Function, 0 to 7.</param>
    public PciAddress(int segment, int bus, int device, int function)
        : this(segment, bus, ((device & DeviceMask) << DeviceShift) | (function & FunctionMask))
    {
    }

    /// <summary>All of it in one number: segment in bits 31 to 16, bus in 15 to 8, device in 7 to 3, function in 2 to 0.</summary>
    public uint Packed { get; }

    /// <summary>Segment group, 0 to 65535.</summary>
    public int Segment => (int)(Packed >> SegmentShift);

    /// <summary>Bus, 0 to 255.</summary>
    public int Bus => (byte)(Packed >> BusShift);

    /// <summary>Device times eight, plus function: 0 to 255. With alternative routing IDs all of it is the function (PCIe 4.0 §6.13).</summary>
    public int DeviceFunction => (byte)Packed;

    /// <summary>Device, 0 to 31.</summary>
    public int Device => (int)(Packed >> DeviceShift) & DeviceMask;

    /// <summary>Function, 0 to 7.</summary>
    public int Function => (int)Packed & FunctionMask;

    /// <summary>The same function number of the same device on another bus.</summary>
    public PciAddress OnBus(int bus) => new(Segment, bus, DeviceFunction);

    /// <summary>Another function of the same device.</summary>
    public PciAddress OtherFunction(int function) => new(Segment, Bus, Device, function);
}
