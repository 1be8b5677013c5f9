namespace Hypervisor.Core.Memory;

/// <summary>
/// The host's window onto guest-physical memory. The upper half of the host's address space shares the tables the guest runs on, so the host
/// sees what the guest sees: where the guest sees zeros in place of the host's memory, so does every walk of guest tables, without a check.
/// </summary>
public static unsafe class GuestView
{
    /// <summary>Where the window begins in the host's address space: the first entry of the root's upper half.</summary>
    public const ulong WindowBase = 0xFFFF_8000_0000_0000;

    /// <summary>Highest number of guest-physical address bits the window can show.</summary>
    public const int AddressBits = 47;

    private const ulong AddressMask = (1UL << AddressBits) - 1;

    /// <summary>Where guest-physical address 0 is found. Tests point it at their own memory.</summary>
    public static ulong Base { get; set; }

    /// <summary>Pointer to a guest-physical address.</summary>
    public static byte* Pointer(ulong guestPhysical) => (byte*)(Base + (guestPhysical & AddressMask));

    /// <summary>Reads eight bytes.</summary>
    public static ulong Read64(ulong guestPhysical) => *(ulong*)Pointer(guestPhysical);
}
