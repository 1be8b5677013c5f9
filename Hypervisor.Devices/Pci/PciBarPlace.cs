namespace Hypervisor.Devices.Pci;

/// <summary>Where a base address register points, made of what it holds.</summary>
internal readonly struct PciBarPlace
{
    private const int HighShift = 32;

    private PciBarPlace(ulong address, bool isEnabled)
    {
        Address = address;
        IsEnabled = isEnabled;
    }

    /// <summary>First byte or port.</summary>
    internal ulong Address { get; }

    /// <summary>For the expansion ROM: its own enable bit.</summary>
    internal bool IsEnabled { get; }

    /// <summary>The place.</summary>
    /// <param name="bar">The register: bits below its size are no address.</param>
    /// <param name="low">Its dword.</param>
    /// <param name="high">For a 64-bit register the dword behind.</param>
    internal static PciBarPlace Of(in PciBar bar, uint low, uint high)
    {
        PciBarValue value = new(low);
        ulong address = ((ulong)(bar.Kind == PciBarKind.Memory64 ? high : 0) << HighShift) | value.Address(bar.Kind);
        return new PciBarPlace(address & ~(bar.Size == 0 ? 0 : bar.Size - 1), value.IsRomEnabled);
    }
}
