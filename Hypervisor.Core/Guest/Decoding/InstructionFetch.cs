using System.Runtime.CompilerServices;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>Reads the guest's instruction bytes where the processor does not hand them over .</summary>
public static unsafe class InstructionFetch
{
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const ulong Present = (ulong)PageFlags.Present;
    private const ulong LargePage = (ulong)PageFlags.LargePage;
    private const int WordOffsetBits = 3;
    private const ulong IndexMask = 511UL << WordOffsetBits;

    /// <summary>
    /// Physical address of an instruction the processor has just executed in 64-bit mode on four-level tables. Rights are not checked: the processor did.
    /// </summary>
    /// <param name="root">CR3.</param>
    /// <param name="address">Linear address.</param>
    /// <returns>Guest-physical address; 0 when an entry is not present any more.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong TranslateExecuted(ulong root, ulong address)
    {
        ulong entry = Entry(root, address >> (39 - WordOffsetBits));
        entry = Entry(entry, address >> (30 - WordOffsetBits));
        if ((entry & LargePage) != 0)
        {
            return (entry & AddressMask & ~(PageSizes.Size1G - 1)) | (address & (PageSizes.Size1G - 1));
        }

        entry = Entry(entry, address >> (21 - WordOffsetBits));
        if ((entry & LargePage) != 0)
        {
            return (entry & AddressMask & ~(PageSizes.Size2M - 1)) | (address & (PageSizes.Size2M - 1));
        }

        entry = Entry(entry, address >> (12 - WordOffsetBits));
        return (entry & Present) == 0 ? 0 : (entry & AddressMask) | (address & PageMask);
    }

    /// <summary>Reads up to 15 bytes at a linear address.</summary>
    /// <param name="state">Paging of the guest.</param>
    /// <param name="address">Linear address of the instruction.</param>
    /// <param name="bytes">Room for 15 bytes.</param>
    /// <returns>Bytes read: fewer than 15 where the next page is not mapped for execution, 0 where nothing can be read.</returns>
    public static int Read(in PagingState state, ulong address, byte* bytes)
    {
        int count = 0;
        while (count < InstructionLayout.MaximumLength)
        {
            PageWalkResult walk = GuestPageWalk.Translate<GuestMemory>(in state, address + (ulong)count, PageAccess.Fetch);
            if (!walk.Success)
            {
                return count;
            }

            int inPage = (int)(PageSizes.Size4K - (walk.PhysicalAddress & PageMask));
            byte* from = GuestView.Pointer(walk.PhysicalAddress);
            for (int i = 0; i < inPage && count < InstructionLayout.MaximumLength; i++, count++)
            {
                bytes[count] = from[i];
            }
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Entry(ulong table, ulong shifted) => GuestView.Read64((table & AddressMask) | (shifted & IndexMask));
}
