namespace Hypervisor.Core.Cpu;

/// <summary>Where the host finds memory. A constant in the image: walks of guest tables are on the hot path.</summary>
public static class AddressSpace
{
    /// <summary>Address at which the host sees guest-physical address 0: the first entry of the root's upper half.</summary>
    public const ulong GuestWindow = 0xFFFF_8000_0000_0000;
}
