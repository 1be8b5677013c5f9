namespace Hypervisor.Devices.Pci;

/// <summary>What the pci mediator's own claims are marked with.</summary>
internal static class PciTag
{
    /// <summary>The address port.</summary>
    internal const uint AddressPort = 0;

    /// <summary>The data port.</summary>
    internal const uint DataPort = 1;

    /// <summary>Memory or ports of a hidden function.</summary>
    internal const uint Hidden = 2;

    private const uint FirstWindow = 0x100;

    /// <summary>A window.</summary>
    internal static uint Window(int number) => FirstWindow + (uint)number;

    /// <summary>The number of a window.</summary>
    internal static int WindowOf(uint tag) => (int)(tag - FirstWindow);
}
