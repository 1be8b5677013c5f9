using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory;

/// <summary>Accessed and dirty flags of the guest's page tables, for accesses that the host makes in the guest's place.</summary>
/// <remarks>Intel SDM vol 3 §4.8; AMD APM vol 2 §5.4.2. The flags are in the low four bytes of an entry of either width.</remarks>
public static unsafe class GuestPageMarks
{
    private const int PageShift = 12;
    private const int LegacyBits = 10;
    private const int WideBits = 9;
    private const int PaePointerShift = 30;
    private const int LargestPageShift = 30;

    /// <summary>Sets the flags on the way to an address that can be reached.</summary>
    /// <param name="state">The guest processor.</param>
    /// <param name="linearAddress">The address.</param>
    /// <param name="written">Whether it is written: then the page is dirty.</param>
    public static void Set(in PagingState state, ulong linearAddress, bool written)
    {
        switch (state.Mode)
        {
            case PagingMode.None:
                break;
            case PagingMode.Legacy32:
                Walk(state, (uint)linearAddress, written, state.Cr3.PageDirectory, levels: 2, LegacyBits);
                break;
            case PagingMode.Pae:
                // The page-directory-pointer entries have no such flags.
                ulong pointer = state.Cr3.PaePointerTable + (((uint)linearAddress >> PaePointerShift) * sizeof(ulong));
                PageEntry entry = new(GuestMemory.ReadUInt64(pointer));
                Walk(state, (uint)linearAddress, written, entry.TableAddress, levels: 2, WideBits);
                break;
            case PagingMode.Level4:
                Walk(state, linearAddress, written, state.Cr3.LongModeRoot, levels: 4, WideBits);
                break;
            default:
                Walk(state, linearAddress, written, state.Cr3.LongModeRoot, levels: 5, WideBits);
                break;
        }
    }

    private static void Walk(in PagingState state, ulong linear, bool written, ulong table, int levels, int bits)
    {
        bool isWide = bits == WideBits;
        for (int shift = PageShift + (bits * (levels - 1)); ; shift -= bits)
        {
            ulong index = (linear >> shift) & ((1UL << bits) - 1);
            ulong address = table + (index * (ulong)(isWide ? sizeof(ulong) : sizeof(uint)));
            PageEntry entry = new(isWide ? GuestMemory.ReadUInt64(address) : GuestMemory.ReadUInt32(address));
            if (!entry.Present)
            {
                return; // changed by another processor since the walk
            }

            bool mayBeLarge = isWide ? shift <= LargestPageShift : state.Cr4.PageSizeExtensions;
            bool isLast = shift == PageShift || (entry.Large && mayBeLarge);
            Mark((uint*)GuestView.Pointer(address), isLast && written);
            if (isLast)
            {
                return;
            }

            table = entry.TableAddress;
        }
    }

    private static void Mark(uint* entry, bool dirty)
    {
        uint flags = (uint)(PageFlags.Accessed | (dirty ? PageFlags.Dirty : PageFlags.None));
        uint found = *entry;
        while ((found & (uint)PageFlags.Present) != 0 && (found & flags) != flags)
        {
            uint before = Instructions.CompareExchange(entry, found | flags, found);
            if (before == found)
            {
                return;
            }

            found = before;
        }
    }
}
