using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>The guest processor as an emulated instruction finds and leaves it.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EmulationContext
{
    /// <summary>The processor, for the bus.</summary>
    public ProcessorData* Processor;

    /// <summary>General registers, changed in place, but only where the instruction does not fault.</summary>
    public GuestRegisters* Registers;

    /// <summary>XMM0 to XMM5 as the exit has saved them, 16 bytes each; the other vector registers still hold the guest's values.</summary>
    public ulong* SavedVectors;

    /// <summary>RIP: of the instruction before, of what comes next behind.</summary>
    public ulong Rip;

    /// <summary>RFLAGS.</summary>
    public RFlags RFlags;

    /// <summary>Mode of the code.</summary>
    public CodeWidth Width;

    /// <summary>CPL, 0 to 3.</summary>
    public int Privilege;

    /// <summary>How addresses are translated.</summary>
    public PagingState Paging;

    /// <summary>First byte of the memory that the guest cannot reach.</summary>
    public ulong HiddenBase;

    /// <summary>Bytes of that memory.</summary>
    public ulong HiddenSize;

    /// <summary>ES: the first of the segment registers, in the order of their encoding. In 64-bit mode only those that the instruction uses are filled in.</summary>
    public SegmentState Es;

    /// <summary>CS.</summary>
    public SegmentState Cs;

    /// <summary>SS.</summary>
    public SegmentState Ss;

    /// <summary>DS.</summary>
    public SegmentState Ds;

    /// <summary>FS.</summary>
    public SegmentState Fs;

    /// <summary>GS.</summary>
    public SegmentState Gs;

    /// <summary>The exception that the instruction ends in; none where it does not.</summary>
    public GuestEvent Exception;

    /// <summary>What CR2 receives, where the exception is a page fault.</summary>
    public ulong FaultAddress;

    /// <summary>The instruction repeats and is not finished: RIP stays.</summary>
    public bool IsUnfinished;

    /// <summary>The instruction jumped: <see cref="Rip"/> is where to.</summary>
    public bool HasJumped;

    /// <summary>64-bit mode.</summary>
    public readonly bool Is64Bit => Width == CodeWidth.Bits64;

    /// <summary>Rights in segment descriptors count: protected mode, but not virtual-8086 mode.</summary>
    public readonly bool ChecksSegmentRights => Paging.Cr0.ProtectionEnable && !RFlags.Virtual8086;

    /// <summary>Accesses have to be aligned (#AC).</summary>
    public readonly bool ChecksAlignment => Paging.IsUser && Paging.Cr0.AlignmentMask && RFlags.AlignmentCheck;

    /// <summary>
    /// Protection keys may forbid an access that the page walk allows (Intel SDM vol 3 §4.6.2). The trapped page itself has been checked by the processor; memory
    /// beside it has not.
    /// </summary>
    public readonly bool HasUncheckedKeys =>
        Paging.Cr4.SupervisorProtectionKeys
        || (Paging.Cr4.ProtectionKeys && (Paging.IsUser || RFlags.AlignmentCheck || !Paging.Cr4.SupervisorAccessPrevention));

    /// <summary>Bytes of a stack address: 2, 4 or 8.</summary>
    public readonly int StackAddressSize => Is64Bit ? sizeof(ulong) : Ss.Attributes.DefaultBig ? sizeof(uint) : sizeof(ushort);

    /// <summary>How an attempt ends that <see cref="Raise(byte)"/> may have spoilt: by the exception, or, where there is none, not here.</summary>
    public readonly EmulationOutcome Failure => Exception.IsValid ? EmulationOutcome.Faulted : EmulationOutcome.NotEmulated;

    /// <summary>A segment register.</summary>
    /// <param name="context">The context, at rest in memory.</param>
    /// <param name="name">Which one.</param>
    public static SegmentState* Segment(EmulationContext* context, SegmentRegister name) => &context->Es + (int)name;

    /// <summary>Notes an exception, with error code 0 where it has one.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>What to return.</returns>
    public EmulationOutcome Raise(byte vector)
    {
        Exception = ExceptionVector.HasErrorCode(vector) ? GuestEvent.Exception(vector, 0) : GuestEvent.Exception(vector);
        return EmulationOutcome.Faulted;
    }

    /// <summary>Notes a page fault.</summary>
    /// <param name="address">What CR2 receives.</param>
    /// <param name="errorCode">The error code.</param>
    public void RaisePageFault(ulong address, PageFaultCode errorCode)
    {
        FaultAddress = address;
        Exception = GuestEvent.Exception(ExceptionVector.PageFault, errorCode.Value);
    }
}
