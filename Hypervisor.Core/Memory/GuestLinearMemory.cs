namespace Hypervisor.Core.Memory;

/// <summary>
/// Guest memory at linear addresses, as the guest's own processor would reach it: for instructions that the host executes in its place. What the guest sees in
/// place of the host's memory reads as zeros; writes to it vanish.
/// </summary>
/// <param name="paging">How the guest translates addresses.</param>
/// <param name="hiddenBase">First byte of the host's memory.</param>
/// <param name="hiddenSize">Bytes of it.</param>
public readonly unsafe struct GuestLinearMemory(PagingState paging, ulong hiddenBase, ulong hiddenSize)
{
    private const int ByteBits = 8;
    private readonly PagingState _paging = paging;
    private readonly ulong _hiddenBase = hiddenBase;
    private readonly ulong _hiddenSize = hiddenSize;

    /// <summary>Whether every byte of a range can be reached.</summary>
    /// <param name="linear">First byte.</param>
    /// <param name="size">Number of bytes, at least 1.</param>
    /// <param name="access">What for.</param>
    /// <param name="fault">The page fault where it cannot.</param>
    public bool CanReach(ulong linear, uint size, PageAccess access, out GuestPageFault fault)
    {
        ulong address = linear;
        ulong left = size;
        while (true)
        {
            PageWalkResult walk = GuestPageWalk.Translate<GuestMemory>(in _paging, address, access);
            if (!walk.Success)
            {
                fault = new GuestPageFault(LinearAddress(address), walk.ErrorCode);
                return false;
            }

            ulong inPage = PageSizes.Size4K - (address & (PageSizes.Size4K - 1));
            if (inPage >= left)
            {
                fault = default;
                return true;
            }

            address += inPage;
            left -= inPage;
        }
    }

    /// <summary>Reads up to eight bytes that can be reached.</summary>
    /// <param name="linear">First byte.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="access">What for, as when it was asked whether they can be reached.</param>
    public ulong Read(ulong linear, int size, PageAccess access)
    {
        if (!CrossesPage(linear, size))
        {
            byte* from = Locate(linear, access, out _);
            return size switch
            {
                sizeof(byte) => *from,
                sizeof(ushort) => *(ushort*)from,
                sizeof(uint) => *(uint*)from,
                _ => *(ulong*)from,
            };
        }

        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)*Locate(linear + (ulong)i, access, out _) << (i * ByteBits);
        }

        return value;
    }

    /// <summary>Writes up to eight bytes that can be reached for writing.</summary>
    /// <param name="linear">First byte.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">The value; what does not fit is left out.</param>
    /// <param name="access">What for, as when it was asked whether they can be reached.</param>
    public void Write(ulong linear, int size, ulong value, PageAccess access)
    {
        for (int i = 0; i < size; i++)
        {
            byte* to = Locate(linear + (ulong)i, access, out bool hidden);
            if (!hidden)
            {
                *to = (byte)(value >> (i * ByteBits));
            }
        }
    }

    private static bool CrossesPage(ulong linear, int size) => (linear & (PageSizes.Size4K - 1)) + (ulong)size > PageSizes.Size4K;

    private ulong LinearAddress(ulong address) => _paging.Mode is PagingMode.Level4 or PagingMode.Level5 ? address : (uint)address;

    /// <summary>Where the host sees a byte. Where another processor has taken the page away since, it is one that reads as zero and is not written.</summary>
    private byte* Locate(ulong linear, PageAccess access, out bool hidden)
    {
        PageWalkResult walk = GuestPageWalk.Translate<GuestMemory>(in _paging, linear, access);
        if (!walk.Success)
        {
            hidden = true;
            return GuestView.Pointer(_hiddenBase);
        }

        GuestPageMarks.Set(in _paging, linear, written: access is PageAccess.Write or PageAccess.SystemWrite);
        hidden = walk.PhysicalAddress - _hiddenBase < _hiddenSize;
        return GuestView.Pointer(walk.PhysicalAddress);
    }
}
