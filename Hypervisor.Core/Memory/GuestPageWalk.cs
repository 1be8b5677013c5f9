namespace Hypervisor.Core.Memory;

/// <summary>Translates a guest-linear address to a guest-physical one, as the guest's processor would, with its rights.</summary>
/// <remarks>
/// <para>Intel SDM vol 3 chapter 4; AMD APM vol 2 chapter 5.</para>
/// <para>
/// Accessed and dirty bits are not set. The walk serves instructions that the processor has just executed up to an exit: their fetch has
/// set the bits already, and a spurious write to a guest's page table could race with the guest. Whoever completes a guest's store to
/// memory by hand must set them.
/// </para>
/// <para>
/// Not checked: that the address is canonical (#GP, before paging), protection keys, shadow-stack pages, and bit 8 of a PML4E, which AMD
/// reserves and Intel ignores. PDPTEs of PAE paging are read from memory, as AMD does under nested paging (APM vol 2 §15.25.10); on Intel
/// the four of the VMCS would count.
/// </para>
/// </remarks>
public static class GuestPageWalk
{
    private const ulong LinearMask32 = 0xFFFF_FFFF;
    private const ulong Size4K = 1UL << 12;
    private const ulong Size4M = 1UL << 22;
    private const ulong Size4G = 1UL << 32;
    private const int PageShift = 12;
    private const int LegacyIndexBits = 10;
    private const int IndexBits = 9;
    private const int PaePointerShift = 30;
    private const int GibibyteShift = 30;
    private const int PageMapShift = 39;

    // Bit 21 and, of bits 20:13, those that would lie above MAXPHYADDR: SDM vol 3 table 4-4.
    private const ulong LegacyLargeReserved = 1UL << 21;
    private const int LegacyLargeHighShift = 13;
    private const int LegacyLargeHighBits = 8;
    private const ulong NoExecuteBit = 1UL << 63;
    private const ulong PaeHighReserved = 0x7FF0_0000_0000_0000;
    private const ulong AddressBits = 0x000F_FFFF_FFFF_FFFF;
    private const ulong LargePatBit = 1UL << 12;

    /// <summary>Translates one address.</summary>
    /// <typeparam name="TMemory">Where the paging structures are read from.</typeparam>
    /// <param name="state">The guest processor.</param>
    /// <param name="linearAddress">The address; outside long mode only its low 32 bits count.</param>
    /// <param name="access">What the access is for.</param>
    /// <returns>The guest-physical address, or the error code of the page fault.</returns>
    public static PageWalkResult Translate<TMemory>(in PagingState state, ulong linearAddress, PageAccess access)
        where TMemory : struct, IPhysicalMemory => state.Mode switch
        {
            PagingMode.None => PageWalkResult.Mapped(linearAddress & LinearMask32, Size4G),
            PagingMode.Legacy32 => WalkLegacy<TMemory>(state, linearAddress & LinearMask32, access),
            PagingMode.Pae => WalkPae<TMemory>(state, linearAddress & LinearMask32, access),
            PagingMode.Level4 => WalkWide<TMemory>(state, linearAddress, access, state.Cr3.LongModeRoot, levels: 4, alwaysReserved: 0),
            _ => WalkWide<TMemory>(state, linearAddress, access, state.Cr3.LongModeRoot, levels: 5, alwaysReserved: 0),
        };

    private static PageWalkResult WalkLegacy<TMemory>(in PagingState state, ulong linear, PageAccess access)
        where TMemory : struct, IPhysicalMemory
    {
        PageRights rights = default;
        ulong index = linear >> (PageShift + LegacyIndexBits);
        PageEntry directory = new(TMemory.ReadUInt32(state.Cr3.PageDirectory + (index * sizeof(uint))));
        if (!directory.Present)
        {
            return Fault(state, access, present: false, reserved: false);
        }

        rights = rights.Below(directory);
        if (directory.Large && state.Cr4.PageSizeExtensions)
        {
            if ((directory.Value & LegacyLargeReservedBits(state.PhysicalAddressBits)) != 0)
            {
                return Fault(state, access, present: true, reserved: true);
            }

            return Finish(state, access, rights, directory.LegacyLargePageAddress | (linear & (Size4M - 1)), Size4M);
        }

        index = (linear >> PageShift) & ((1 << LegacyIndexBits) - 1);
        PageEntry page = new(TMemory.ReadUInt32(directory.TableAddress + (index * sizeof(uint))));
        if (!page.Present)
        {
            return Fault(state, access, present: false, reserved: false);
        }

        return Finish(state, access, rights.Below(page), page.TableAddress | (linear & (Size4K - 1)), Size4K);
    }

    private static PageWalkResult WalkPae<TMemory>(in PagingState state, ulong linear, PageAccess access)
        where TMemory : struct, IPhysicalMemory
    {
        ulong index = linear >> PaePointerShift;
        PageEntry pointer = new(TMemory.ReadUInt64(state.Cr3.PaePointerTable + (index * sizeof(ulong))));
        if (!pointer.Present)
        {
            return Fault(state, access, present: false, reserved: false);
        }

        if (!pointer.IsPaePointerValid(state.PhysicalAddressBits))
        {
            return Fault(state, access, present: true, reserved: true);
        }

        // The PDPTE carries no rights: all that counts is below it.
        return WalkWide<TMemory>(state, linear, access, pointer.TableAddress, levels: 2, PaeHighReserved);
    }

    /// <summary>The tables of 64-bit entries, from the given level down to the page.</summary>
    private static PageWalkResult WalkWide<TMemory>(
        in PagingState state, ulong linear, PageAccess access, ulong table, int levels, ulong alwaysReserved)
        where TMemory : struct, IPhysicalMemory
    {
        PageRights rights = default;
        ulong reserved = alwaysReserved | AboveAddress(state) | (state.Efer.NoExecuteEnable ? 0 : NoExecuteBit);
        int shift = PageShift + (IndexBits * (levels - 1));
        while (true)
        {
            ulong index = (linear >> shift) & ((1 << IndexBits) - 1);
            PageEntry entry = new(TMemory.ReadUInt64(table + (index * sizeof(ulong))));
            if (!entry.Present)
            {
                return Fault(state, access, present: false, reserved: false);
            }

            if ((entry.Value & reserved) != 0)
            {
                return Fault(state, access, present: true, reserved: true);
            }

            rights = rights.Below(entry);
            bool isLast = shift == PageShift;
            if (isLast || entry.Large)
            {
                ulong pageSize = 1UL << shift;
                if (!isLast && !IsLargePageValid(state, entry, shift))
                {
                    return Fault(state, access, present: true, reserved: true);
                }

                return Finish(state, access, rights, entry.PageAddress(pageSize) | (linear & (pageSize - 1)), pageSize);
            }

            table = entry.TableAddress;
            shift -= IndexBits;
        }
    }

    /// <summary>Bit 7 is reserved from the PML4E up, and in a PDPTE without 1 GiB pages; address bits below the page are reserved, but for
    /// PAT (bit 12).</summary>
    private static bool IsLargePageValid(in PagingState state, PageEntry entry, int shift)
    {
        if (shift >= PageMapShift || (shift == GibibyteShift && !state.HasGibibytePages))
        {
            return false;
        }

        ulong belowPage = (1UL << shift) - (LargePatBit << 1);
        return (entry.Value & belowPage) == 0;
    }

    private static ulong AboveAddress(in PagingState state) => AddressBits & ~((1UL << state.PhysicalAddressBits) - 1);

    private static ulong LegacyLargeReservedBits(int physicalAddressBits)
    {
        int usable = physicalAddressBits - 32;
        if (usable >= LegacyLargeHighBits)
        {
            return LegacyLargeReserved;
        }

        return LegacyLargeReserved | (((1UL << LegacyLargeHighBits) - (1UL << usable)) << LegacyLargeHighShift);
    }

    private static PageWalkResult Finish(
        in PagingState state, PageAccess access, PageRights rights, ulong physicalAddress, ulong pageSize) =>
        rights.Allow(state, access)
            ? PageWalkResult.Mapped(physicalAddress, pageSize)
            : Fault(state, access, present: true, reserved: false);

    private static PageWalkResult Fault(in PagingState state, PageAccess access, bool present, bool reserved)
    {
        // The fetch flag exists only where fetches can be forbidden: SDM vol 3 §4.7; APM vol 2 §8.4.2.
        bool reportsFetch = state.Cr4.SupervisorExecutionPrevention || (state.Cr4.PhysicalAddressExtension && state.Efer.NoExecuteEnable);
        return PageWalkResult.Fault(new PageFaultCode(
            present,
            write: access is PageAccess.Write or PageAccess.SystemWrite,
            user: state.IsUser && access <= PageAccess.Fetch,
            reserved,
            fetch: access == PageAccess.Fetch && reportsFetch));
    }
}
