using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory;

/// <summary>What a walk of guest page tables needs to reach them: see <see cref="GuestView"/>.</summary>
public struct GuestWindow
{
    /// <summary>Where guest-physical address 0 is seen.</summary>
    public ulong Base;

    /// <summary>The bits of a page's address that the window shows.</summary>
    public ulong PageMask;

    /// <summary>The window of this host.</summary>
    public static GuestWindow Current => new()
    {
        Base = AddressSpace.GuestWindow,
        PageMask = GuestView.AddressMask & ~(PageSizes.Size4K - 1),
    };
}
