using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>A range of addresses that a bridge hands on (PCI-to-PCI Bridge 1.2 §3.2.5.6 to §3.2.5.10). It is read when it is needed: the guest owns it.</summary>
internal readonly struct PciBridgeWindow
{
    private const uint MemoryMask = 0xFFF0;
    private const int MemoryShift = 16;
    private const ulong MemoryTail = 0xF_FFFF;
    private const uint IoMask = 0xF0;
    private const int IoShift = 8;
    private const ulong IoTail = 0xFFF;
    private const int HighShift = 16;
    private const int UpperShift = 32;
    private const int LimitByte = 8;

    private readonly ulong _first;
    private readonly ulong _last;

    private PciBridgeWindow(ulong first, ulong last)
    {
        _first = first;
        _last = last;
    }

    /// <summary>Whether a range lies in it: a window whose limit is below its base hands nothing on.</summary>
    internal bool Holds(ulong first, ulong last) => first >= _first && last <= _last && first <= last;

    /// <summary>The window of memory.</summary>
    internal static PciBridgeWindow Memory(PciConfiguration configuration, MediatorHost caller, PciAddress bridge)
    {
        uint value = configuration.Read(caller, bridge, PciRegister.MemoryWindow, sizeof(uint));
        return OfMemory(value, 0, 0);
    }

    /// <summary>The window of prefetchable memory.</summary>
    internal static PciBridgeWindow Prefetch(PciConfiguration configuration, MediatorHost caller, PciAddress bridge) => OfMemory(
        configuration.Read(caller, bridge, PciRegister.PrefetchWindow, sizeof(uint)),
        configuration.Read(caller, bridge, PciRegister.PrefetchBaseUpper, sizeof(uint)),
        configuration.Read(caller, bridge, PciRegister.PrefetchLimitUpper, sizeof(uint)));

    /// <summary>The window of ports.</summary>
    internal static PciBridgeWindow Io(PciConfiguration configuration, MediatorHost caller, PciAddress bridge)
    {
        uint value = configuration.Read(caller, bridge, PciRegister.IoWindow, sizeof(ushort));
        uint upper = configuration.Read(caller, bridge, PciRegister.IoWindowUpper, sizeof(uint));
        ulong first = ((value & IoMask) << IoShift) | ((ulong)(ushort)upper << HighShift);
        ulong last = (((value >> LimitByte) & IoMask) << IoShift) | ((ulong)(upper >> HighShift) << HighShift) | IoTail;
        return new PciBridgeWindow(first, last);
    }

    private static PciBridgeWindow OfMemory(uint value, uint baseUpper, uint limitUpper) => new(
        ((ulong)(value & MemoryMask) << MemoryShift) | ((ulong)baseUpper << UpperShift),
        ((ulong)((value >> HighShift) & MemoryMask) << MemoryShift) | MemoryTail | ((ulong)limitUpper << UpperShift));
}
