namespace Hypervisor.Core.Cpu;

/// <summary>Where the host finds memory. In the ordinary build a test says where.</summary>
public static class AddressSpace
{
    /// <summary>Address at which the host sees guest-physical address 0.</summary>
    public static ulong GuestWindow { get; set; }
}
