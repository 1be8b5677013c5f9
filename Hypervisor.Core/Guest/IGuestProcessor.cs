using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest;

/// <summary>
/// What the common part of the exits needs of a guest processor, whichever extension runs it. The members are static and abstract: generics over structs are
/// compiled for each vendor, so no call goes through a table.
/// </summary>
public unsafe interface IGuestProcessor
{
    /// <summary>RIP.</summary>
    static abstract ulong Rip(ProcessorData* processor);

    /// <summary>CR3.</summary>
    static abstract ulong Cr3(ProcessorData* processor);

    /// <summary>CR4.</summary>
    static abstract ulong Cr4(ProcessorData* processor);

    /// <summary>CPL.</summary>
    static abstract int Privilege(ProcessorData* processor);

    /// <summary>RFLAGS.</summary>
    static abstract RFlags Flags(ProcessorData* processor);

    /// <summary>A segment register; one that holds nothing is not present.</summary>
    static abstract SegmentState Segment(ProcessorData* processor, SegmentName name);

    /// <summary>Width of the code the guest runs.</summary>
    static abstract CodeWidth Width(ProcessorData* processor);

    /// <summary>Whether the guest runs 64-bit code on four-level tables, and is not being traced.</summary>
    static abstract bool IsPlain64Bit(ProcessorData* processor);

    /// <summary>Whether the exit came while an event was being delivered, and not by the instruction at RIP.</summary>
    static abstract bool IsDelivering(ProcessorData* processor);

    /// <summary>Linear address of RIP.</summary>
    static abstract ulong LinearRip(ProcessorData* processor);

    /// <summary>Everything that decides how the guest translates an address.</summary>
    static abstract PagingState Paging(ProcessorData* processor);

    /// <summary>Length of the instruction whose intercept caused the exit, in bytes.</summary>
    static abstract uint InstructionLength(ProcessorData* processor);

    /// <summary>Makes of CPUID's answer to a leaf what a processor without the vendor's extension would say. Leaves 1 and 7 are the common part's.</summary>
    static abstract void AdjustCpuid(uint leaf, ProcessorData* processor);

    /// <summary>Ends an intercepted instruction: RIP behind it, interrupt shadow over, trap flag honoured .</summary>
    static abstract void Advance(ProcessorData* processor, uint length);

    /// <summary>Changes RIP, and nothing else.</summary>
    static abstract void SetRip(ProcessorData* processor, ulong rip);

    /// <summary>Changes RFLAGS.</summary>
    static abstract void SetFlags(ProcessorData* processor, RFlags flags);

    /// <summary>Gives the guest the RSP that its general registers hold. Only where it has been changed.</summary>
    static abstract void StoreStackPointer(ProcessorData* processor);

    /// <summary>Changes CR2.</summary>
    static abstract void SetFaultAddress(ProcessorData* processor, ulong address);

    /// <summary>Raises an exception, on top of one that was being delivered when the guest exited; RIP stays, for faults.</summary>
    static abstract void Raise(ProcessorData* processor, GuestEvent exception);

    /// <summary>Makes the guest stop behind its next instruction.</summary>
    static abstract void BeginStep(ProcessorData* processor);

    /// <summary>Takes back what <see cref="BeginStep"/> did.</summary>
    static abstract void EndStep(ProcessorData* processor);

    /// <summary>Lets all ports pass, or only those without a policy.</summary>
    static abstract void OpenPorts(ProcessorData* processor, bool open);

    /// <summary>Makes the guest run on nested tables.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="root">Physical address of their root.</param>
    static abstract void SetNestedRoot(ProcessorData* processor, ulong root);

    /// <summary>Puts the guest's registers, but for the general ones, into the state behind INIT and SIPI .</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="signature">CPUID.1:EAX.</param>
    /// <param name="start">Where it goes on.</param>
    static abstract void LoadStartupState(ProcessorData* processor, uint signature, StartPoint start);

    /// <summary>The trap on interrupt commands is no longer wanted anywhere: MSRs that belong to it need not exit.</summary>
    static abstract void DropCommandTrap(ProcessorData* processor);

    /// <summary>Lets non-maskable interrupts that wait reach the host's handler.</summary>
    static abstract void TakePendingNmis();

    /// <summary>Lets the local APIC deliver what is pending to the host, for a moment.</summary>
    static abstract void OpenInterruptWindow();
}
