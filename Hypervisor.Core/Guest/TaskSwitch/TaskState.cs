using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>Everything of a processor that a task switch reads or changes. A segment register that holds nothing is not present.</summary>
/// <remarks>Intel SDM vol 3 §7.2 and §7.3.</remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TaskState
{
    /// <summary>Page-directory-pointer entries of PAE paging.</summary>
    public const int PaePointers = 4;

    /// <summary>General registers; those of 64-bit code are not touched.</summary>
    public GuestRegisters Registers;

    /// <summary>RIP: before the switch what goes into the old task's state, behind it the new task's.</summary>
    public ulong Rip;

    /// <summary>RFLAGS.</summary>
    public RFlags RFlags;

    /// <summary>CR0.</summary>
    public Cr0 Cr0;

    /// <summary>CR3.</summary>
    public Cr3 Cr3;

    /// <summary>CR4.</summary>
    public Cr4 Cr4;

    /// <summary>EFER.</summary>
    public Efer Efer;

    /// <summary>DR7.</summary>
    public ulong Dr7;

    /// <summary>GDTR.</summary>
    public DescriptorTableState Gdtr;

    /// <summary>ES: the first of the segment registers, in the order of <see cref="SegmentName"/>.</summary>
    public SegmentState Es;

    /// <summary>CS.</summary>
    public SegmentState Cs;

    /// <summary>SS. Its DPL is the CPL.</summary>
    public SegmentState Ss;

    /// <summary>DS.</summary>
    public SegmentState Ds;

    /// <summary>FS.</summary>
    public SegmentState Fs;

    /// <summary>GS.</summary>
    public SegmentState Gs;

    /// <summary>LDTR.</summary>
    public SegmentState Ldtr;

    /// <summary>TR.</summary>
    public SegmentState Tr;

    /// <summary>With PAE paging: the entries that CR3 names, as the processor holds them.</summary>
    public fixed ulong PaePointer[PaePointers];

    /// <summary>Width of a physical address.</summary>
    public int PhysicalAddressBits;

    /// <summary>First byte of the memory that the guest cannot reach.</summary>
    public ulong HiddenBase;

    /// <summary>Bytes of that memory.</summary>
    public ulong HiddenSize;

    /// <summary>Linear memory as it is now.</summary>
    public readonly GuestLinearMemory Memory => new(
        new PagingState(Cr0, Cr3, Cr4, Efer, RFlags, Ss.Attributes.Privilege, PhysicalAddressBits, hasGibibytePages: false), HiddenBase, HiddenSize);

    /// <summary>PAE paging is in use: CR3 comes with four page-directory pointers.</summary>
    public readonly bool UsesPaePointers => Cr0.Paging && Cr4.PhysicalAddressExtension;

    /// <summary>A segment register.</summary>
    /// <param name="state">The state, at rest in memory.</param>
    /// <param name="name">Which one.</param>
    public static SegmentState* Segment(TaskState* state, SegmentName name) => &state->Es + (int)name;
}
