namespace Hypervisor.Core.Memory;

/// <summary>Guest-physical memory as the page walk reads it: through <see cref="GuestView"/>.</summary>
public readonly unsafe struct GuestMemory : IPhysicalMemory
{
    /// <inheritdoc/>
    public static ulong ReadUInt64(ulong physicalAddress) => *(ulong*)GuestView.Pointer(physicalAddress);

    /// <inheritdoc/>
    public static uint ReadUInt32(ulong physicalAddress) => *(uint*)GuestView.Pointer(physicalAddress);
}
