using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>A rule of the configuration. The text of a serial or model number is kept by <see cref="DiskRules"/>.</summary>
public struct DiskRule
{
    /// <summary>Any port of a port multiplier.</summary>
    public const int AnyMultiplierPort = -1;

    /// <summary>Whether it is about one controller only.</summary>
    public bool HasController;

    /// <summary>Which.</summary>
    public PciAddress Controller;

    /// <summary>How it names the disk.</summary>
    public DiskSelector Selector;

    /// <summary>The port.</summary>
    public int Port;

    /// <summary>The port of a port multiplier there; or <see cref="AnyMultiplierPort"/>.</summary>
    public int MultiplierPort;

    /// <summary>Characters of the serial or model number.</summary>
    public int TextLength;

    /// <summary>First sector.</summary>
    public ulong First;

    /// <summary>Last sector.</summary>
    public ulong Last;

    /// <summary>What becomes of them.</summary>
    public RuleAction Action;

    /// <summary>With <see cref="RuleAction.Encrypt"/>: which key.</summary>
    public int Key;

    /// <summary>Whether it is about a disk wherever that is, and not about a place.</summary>
    public readonly bool NamesDisk => Selector is DiskSelector.Serial or DiskSelector.Model;

    /// <summary>Whether it may concern disks of a port.</summary>
    public readonly bool MayMean(PciAddress controller, int port) =>
        (!HasController || Controller.Packed == controller.Packed) && (Selector != DiskSelector.Port || Port == port);

    /// <summary>Whether it may concern the disk behind a port of a port multiplier.</summary>
    public readonly bool MayMean(PciAddress controller, int port, int multiplierPort) =>
        MayMean(controller, port) && (Selector != DiskSelector.Port || MultiplierPort is AnyMultiplierPort || MultiplierPort == multiplierPort);
}
