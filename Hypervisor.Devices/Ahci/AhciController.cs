using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>A controller.</summary>
internal struct AhciController
{
    /// <summary>No base address register.</summary>
    internal const sbyte NoBar = -1;

    /// <summary>Whether there is one.</summary>
    internal bool IsUsed;

    /// <summary>Whether its capabilities have been read.</summary>
    internal bool IsKnown;

    /// <summary>A bit for each port at which a rule may be about a disk, whether the controller has the port or not.</summary>
    internal uint Concerned;

    /// <summary>Whether its registers answer behind ABAR at present.</summary>
    internal bool HasMemory;

    /// <summary>Whether its I/O ports answer at present.</summary>
    internal bool HasPorts;

    /// <summary>Whether an IOMMU may stand between it and memory, and no rule asks for its commands to be checked all the same: the addresses it is given need not be those of memory.</summary>
    internal bool IsTranslated;

    /// <summary>The base address register behind which the index/data pair is; <see cref="NoBar"/> for none.</summary>
    internal sbyte PairBar;

    /// <summary>The index register's offset behind <see cref="PairBar"/>; or in configuration space, or 0 for none.</summary>
    internal int PairOffset;

    /// <summary>Number of the PCI function.</summary>
    internal int Function;

    /// <summary>Where it is.</summary>
    internal PciAddress Address;

    /// <summary>ABAR.</summary>
    internal ulong Registers;

    /// <summary>First port behind <see cref="PairBar"/>.</summary>
    internal ushort PairPorts;

    /// <summary>CAP.</summary>
    internal AhciCapabilities Capabilities;

    /// <summary>PI: a bit for each port.</summary>
    internal uint Ports;

    /// <summary>A bit for each port that is governed.</summary>
    internal uint Governed;

    /// <summary>Whether a rule may be about any disk of it: everything it can be reached by is claimed.</summary>
    internal readonly bool MayBeGoverned => Concerned != 0;
}
