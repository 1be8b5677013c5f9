using System.Runtime.CompilerServices;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>Reads the guest's instruction bytes where the processor does not hand them over .</summary>
public static unsafe class InstructionFetch
{
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const ulong LargePage = (ulong)PageFlags.LargePage;
    private const int WordOffsetBits = 3;
    private const ulong IndexMask = 511UL << WordOffsetBits;

    /// <summary>
    /// Where the host sees an instruction that the processor has just executed in 64-bit mode on four-level tables. Nothing is checked: the processor did. Where the
    /// tables have changed since, it is memory the guest can read anyway. What lies behind the end of the page belongs to another one.
    /// </summary>
    /// <param name="window">How guest memory is reached; a value, not constants, so that the compiler keeps it in registers.</param>
    /// <param name="root">CR3.</param>
    /// <param name="address">Linear address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Executed(GuestWindow window, ulong root, ulong address)
    {
        ulong entry = Entry(window, root, address >> (39 - WordOffsetBits));
        entry = Entry(window, entry, address >> (30 - WordOffsetBits));
        ulong offset = PageSizes.Size1G - 1;
        if ((entry & LargePage) == 0)
        {
            entry = Entry(window, entry, address >> (21 - WordOffsetBits));
            offset = PageSizes.Size2M - 1;
            if ((entry & LargePage) == 0)
            {
                entry = Entry(window, entry, address >> (12 - WordOffsetBits));
                offset = PageMask;
            }
        }

        return (byte*)(window.Base + ((entry & window.PageMask & ~offset) | (address & offset)));
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
    private static ulong Entry(GuestWindow window, ulong table, ulong shifted) =>
        *(ulong*)(window.Base + ((table & window.PageMask) | (shifted & IndexMask)));
}
