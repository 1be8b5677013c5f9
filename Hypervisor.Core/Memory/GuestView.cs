using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory;

/// <summary>
/// The host's window onto guest-physical memory. The upper half of the host's address space shares the tables the guest runs on, so the host
/// sees what the guest sees: where the guest sees zeros in place of the host's memory, so does every walk of guest tables, without a check.
/// </summary>
public static unsafe class GuestView
{
    /// <summary>Number of guest-physical address bits the window shows. Every address of that width can be read: where there is nothing, zeros are.</summary>
    public const int AddressBits = 47;

    /// <summary>The bits of an address that the window shows.</summary>
    public const ulong AddressMask = (1UL << AddressBits) - 1;

    /// <summary>Pointer to a guest-physical address.</summary>
    public static byte* Pointer(ulong guestPhysical) => (byte*)(AddressSpace.GuestWindow + (guestPhysical & AddressMask));
}
