using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>A rule of the configuration. The text of a serial or model number is kept by <see cref="DiskRules"/>.</summary>
internal struct DiskRule
{
    /// <summary>Any port of a port multiplier.</summary>
    internal const int AnyMultiplierPort = -1;

    /// <summary>Whether it is about one controller only.</summary>
    internal bool HasController;

    /// <summary>Which.</summary>
    internal PciAddress Controller;

    /// <summary>How it names the disk.</summary>
    internal DiskSelector Selector;

    /// <summary>The port.</summary>
    internal int Port;

    /// <summary>The port of a port multiplier there; or <see cref="AnyMultiplierPort"/>.</summary>
    internal int MultiplierPort;

    /// <summary>Characters of the serial or model number.</summary>
    internal int TextLength;

    /// <summary>First sector.</summary>
    internal ulong First;

    /// <summary>Last sector.</summary>
    internal ulong Last;

    /// <summary>What becomes of them.</summary>
    internal RuleAction Action;

    /// <summary>With <see cref="RuleAction.Encrypt"/>: which key.</summary>
    internal int Key;

    /// <summary>Whether it may concern disks of a port.</summary>
    internal readonly bool MayMean(PciAddress controller, int port) =>
        (!HasController || Controller.Packed == controller.Packed) && (Selector != DiskSelector.Port || Port == port);

    /// <summary>Whether it may concern the disk behind a port of a port multiplier.</summary>
    internal readonly bool MayMean(PciAddress controller, int port, int multiplierPort) =>
        MayMean(controller, port) && (Selector != DiskSelector.Port || MultiplierPort is AnyMultiplierPort || MultiplierPort == multiplierPort);
}
