namespace Hypervisor.Devices.Ahci;

/// <summary>What claims are marked with: the controller, and which of its base address registers.</summary>
internal static class AhciTag
{
    /// <summary>Functions of class 0106.</summary>
    internal const uint Controller = 1;

    /// <summary>Functions of the class of parallel ATA controllers.</summary>
    internal const uint Legacy = 2;

    /// <summary>Functions of the class of RAID controllers.</summary>
    internal const uint Raid = 3;

    private const uint BarMask = 7;
    private const int ControllerShift = 3;

    /// <summary>What a base address register of a controller points to.</summary>
    internal static uint Of(int controller, int bar) => ((uint)controller << ControllerShift) | (uint)bar;

    /// <summary>The controller.</summary>
    internal static int ControllerOf(uint tag) => (int)(tag >> ControllerShift);

    /// <summary>The base address register.</summary>
    internal static int BarOf(uint tag) => (int)(tag & BarMask);
}
