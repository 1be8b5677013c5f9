using System.Runtime.InteropServices;

namespace Hypervisor.Core.Guest;

/// <summary>
/// The guest executes one instruction natively while a door stands open for it: pages of the host show a page of scratch memory, or ports pass.
/// The door is shut at the next exit.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 0x60)]
public unsafe struct GuestStep
{
    /// <summary>Pages one instruction may touch: two operands, each across a page boundary.</summary>
    public const int MaximumPages = 4;

    /// <summary>Whether a step is under way.</summary>
    public bool Active;

    /// <summary>Whether the guest itself had the trap flag set.</summary>
    public bool GuestTrapFlag;

    /// <summary>Whether the guest itself had interrupts enabled.</summary>
    public bool GuestInterruptFlag;

    /// <summary>Whether the door stands open for the delivery of an event, behind which nothing stops the guest: its flags are its own.</summary>
    public bool ForDelivery;

    /// <summary>DR6 of the guest before the step (SVM).</summary>
    public ulong GuestDr6;

    /// <summary>IA32_DEBUGCTL of the guest before the step (VMX).</summary>
    public ulong GuestDebugControl;

    /// <summary>Exceptions that exit when no step is under way.</summary>
    public uint GuestIntercepts;

    /// <summary>Whether the I/O permission map is open.</summary>
    public bool PortsOpen;

    /// <summary>Whether the local APIC page is open.</summary>
    public bool ApicOpen;

    /// <summary>Number of pages open.</summary>
    public uint PageCount;

    /// <summary>The low half of the instruction's RIP: enough to tell it from the next one.</summary>
    public uint RipLow;

    /// <summary>Guest-physical address of a claimed page that stands open.</summary>
    public ulong ClaimedPage;

    /// <summary>The entry of this processor's root table on the way to it, as it was; 0 while none stands open.</summary>
    public ulong ClaimedRootEntry;

    /// <summary>A claimed page that stood open for this same instruction until it reached for another one; 0 for none.</summary>
    public ulong PageBefore;

    /// <summary>Guest-physical addresses of the open pages.</summary>
    public fixed ulong Pages[MaximumPages];
}
