namespace Hypervisor.Core.Memory;

/// <summary>Guest-physical memory, as the page walk reads it: a type parameter, so the reads are inlined into the walk.</summary>
/// <remarks>
/// Never fails. Where the VMM must not read (its own memory, device registers), the implementation returns 0, which the walk takes for "not
/// present". Addresses are aligned to the size that is read.
/// </remarks>
public interface IPhysicalMemory
{
    /// <summary>Reads eight bytes at once, little-endian.</summary>
    /// <param name="physicalAddress">Guest-physical address, a multiple of 8.</param>
    /// <returns>The value.</returns>
    static abstract ulong ReadUInt64(ulong physicalAddress);

    /// <summary>Reads four bytes at once, little-endian.</summary>
    /// <param name="physicalAddress">Guest-physical address, a multiple of 4.</param>
    /// <returns>The value.</returns>
    static abstract uint ReadUInt32(ulong physicalAddress);
}
