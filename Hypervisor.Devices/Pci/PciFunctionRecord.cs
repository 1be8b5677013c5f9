namespace Hypervisor.Devices.Pci;

/// <summary>A function that has been seen.</summary>
internal struct PciFunctionRecord
{
    /// <summary>Whether the place in the table is taken.</summary>
    internal bool IsUsed;

    /// <summary>Whether it can be found under <see cref="Address"/>; not while the bridge above it has no bus number.</summary>
    internal bool IsPlaced;

    /// <summary>Whether its registers have changed in a way that was not seen: they are read again at the next access.</summary>
    internal bool IsStale;

    /// <summary>Whether it must not answer at all: there is no room to follow its base address registers.</summary>
    internal bool IsShut;

    /// <summary>Spaces that the guest has switched on, and that are kept off.</summary>
    internal PciSpaces Withheld;

    /// <summary>Why it is looked at.</summary>
    internal PciWatch Watch;

    /// <summary>D0 to D3.</summary>
    internal byte PowerState;

    /// <summary>Offset of the power management capability; 0 for none.</summary>
    internal byte PowerCapability;

    /// <summary>Offset of the PCI Express capability; 0 for none.</summary>
    internal byte ExpressCapability;

    /// <summary>Offset of the advanced features capability; 0 for none.</summary>
    internal byte AdvancedCapability;

    /// <summary>Header type.</summary>
    internal byte Header;

    /// <summary>Of a bridge: the bus behind it.</summary>
    internal byte SecondaryBus;

    /// <summary>Of a bridge: the last bus behind it.</summary>
    internal byte SubordinateBus;

    /// <summary>Number of the mediator that has claimed it; -1 for none.</summary>
    internal sbyte Owner;

    /// <summary>The command register, as it is in the function.</summary>
    internal ushort Command;

    /// <summary>The bridge above it; -1 for none, or none that is known.</summary>
    internal short Parent;

    /// <summary>Place of its base address registers; -1 where they are not looked at.</summary>
    internal short Bars;

    /// <summary>The next one in the same hash chain; -1 for none.</summary>
    internal short Next;

    /// <summary><see cref="Hypervisor.Core.Mediation.PciAddress.Packed"/>.</summary>
    internal uint Address;

    /// <summary>Vendor and device.</summary>
    internal uint Identity;

    /// <summary>Class, subclass, programming interface.</summary>
    internal uint ClassCode;

    /// <summary>The owner's mark.</summary>
    internal uint Tag;

    /// <summary>Whether it is a bridge to another PCI bus.</summary>
    internal readonly bool IsBridge => new PciHeaderType(Header).IsBridge;
}
