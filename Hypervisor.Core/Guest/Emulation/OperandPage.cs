using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>The part of an operand that lies in one page: trapped memory, memory of the guest, or memory of the host, which the guest sees as zeros.</summary>
internal unsafe struct OperandPage
{
    private ulong _physical;
    private bool _isHidden;

    /// <summary>Accesses go to the bus.</summary>
    internal bool IsTrapped { get; private set; }

    /// <summary>Translates the page; where it cannot be reached, the page fault is noted.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="linear">Linear address of the first byte in the page.</param>
    /// <param name="access">What for.</param>
    /// <param name="page">The page.</param>
    internal static bool TryLocate<TBus>(EmulationContext* context, ulong linear, PageAccess access, out OperandPage page)
        where TBus : struct, IEmulatedBus
    {
        page = default;
        PageWalkResult walk = GuestPageWalk.Translate<GuestMemory>(in context->Paging, linear, access);
        if (!walk.Success)
        {
            context->RaisePageFault(linear, walk.ErrorCode);
            return false;
        }

        page._physical = walk.PhysicalAddress;
        page._isHidden = walk.PhysicalAddress - context->HiddenBase < context->HiddenSize;
        page.IsTrapped = TBus.IsTrapped(context->Processor, walk.PhysicalAddress);
        return true;
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes, zero-extended.</summary>
    internal readonly ulong Read<TBus>(EmulationContext* context, int offset, int size)
        where TBus : struct, IEmulatedBus
    {
        ulong physical = _physical + (ulong)offset;
        if (IsTrapped)
        {
            return TBus.Read(context->Processor, physical, size) & OperandBits.Mask(size);
        }

        byte* from = GuestView.Pointer(physical);
        return size switch
        {
            sizeof(byte) => *from,
            sizeof(ushort) => *(ushort*)from,
            sizeof(uint) => *(uint*)from,
            _ => *(ulong*)from,
        };
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes.</summary>
    internal readonly void Write<TBus>(EmulationContext* context, int offset, int size, ulong value)
        where TBus : struct, IEmulatedBus
    {
        ulong physical = _physical + (ulong)offset;
        if (IsTrapped)
        {
            TBus.Write(context->Processor, physical, size, value & OperandBits.Mask(size));
            return;
        }

        if (_isHidden)
        {
            return; // what a guest writes there is lost
        }

        byte* to = GuestView.Pointer(physical);
        switch (size)
        {
            case sizeof(byte):
                *to = (byte)value;
                break;
            case sizeof(ushort):
                *(ushort*)to = (ushort)value;
                break;
            case sizeof(uint):
                *(uint*)to = (uint)value;
                break;
            default:
                *(ulong*)to = value;
                break;
        }
    }
}
