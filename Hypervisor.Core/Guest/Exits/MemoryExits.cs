using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>Accesses to claimed memory.</summary>
public static unsafe class MemoryExits
{
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>Executes the instruction for the guest, or lets the guest do it once.</summary>
    public static ExitCause Handle<TGuest>(ProcessorData* processor, ulong address)
        where TGuest : struct, IGuestProcessor
    {
        if (!GuestDoors.OpenClaimedPage<TGuest>(processor, address & ~PageMask))
        {
            GuestFault.RaiseGeneralProtection<TGuest>(processor);
        }

        return ExitCause.Memory;
    }
}
