using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Svm;

/// <summary>
/// The virtual machine control block, one page: control area (AMD APM vol 2 appendix B table B-1) and state save area (table B-2). Only the
/// fields the host uses have names.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 0x1000)]
public struct Vmcb
{
    /// <summary>Offset of <see cref="ExitCode"/>, for the exit stub.</summary>
    public const int ExitCodeOffset = 0x070;

    /// <summary>Offset of <see cref="RFlags"/>, for the launch stub.</summary>
    public const int RFlagsOffset = 0x570;

    /// <summary>Offset of <see cref="Rip"/>, for the launch stub.</summary>
    public const int RipOffset = 0x578;

    /// <summary>Offset of <see cref="Rsp"/>, for the launch stub.</summary>
    public const int RspOffset = 0x5D8;

    /// <summary>Offset of <see cref="Rax"/>, for the launch stub.</summary>
    public const int RaxOffset = 0x5F8;

    /// <summary>Exceptions that exit, a bit per vector.</summary>
    [FieldOffset(0x008)]
    public uint InterceptExceptions;

    /// <summary>Intercepts of events and instructions, first word.</summary>
    [FieldOffset(0x00C)]
    public SvmIntercepts1 Intercepts1;

    /// <summary>Intercepts of instructions, second word.</summary>
    [FieldOffset(0x010)]
    public SvmIntercepts2 Intercepts2;

    /// <summary>Physical address of the I/O permission map.</summary>
    [FieldOffset(0x040)]
    public ulong IoPermissionMap;

    /// <summary>Physical address of the MSR permission map.</summary>
    [FieldOffset(0x048)]
    public ulong MsrPermissionMap;

    /// <summary>Address space identifier; 0 is the host's and not allowed.</summary>
    [FieldOffset(0x058)]
    public uint Asid;

    /// <summary>What VMRUN flushes.</summary>
    [FieldOffset(0x05C)]
    public SvmTlbControl TlbControl;

    /// <summary>Bit 0: the guest is in an interrupt shadow.</summary>
    [FieldOffset(0x068)]
    public ulong InterruptShadow;

    /// <summary>Why the guest exited.</summary>
    [FieldOffset(ExitCodeOffset)]
    public SvmExitCode ExitCode;

    /// <summary>First word of exit information.</summary>
    [FieldOffset(0x078)]
    public ulong ExitInfo1;

    /// <summary>Second word of exit information.</summary>
    [FieldOffset(0x080)]
    public ulong ExitInfo2;

    /// <summary>The event whose delivery the exit interrupted.</summary>
    [FieldOffset(0x088)]
    public ulong ExitInterruptInfo;

    /// <summary>Bit 0: nested paging.</summary>
    [FieldOffset(0x090)]
    public ulong NestedControl;

    /// <summary>The event VMRUN delivers.</summary>
    [FieldOffset(0x0A8)]
    public ulong EventInjection;

    /// <summary>Root of the nested page tables.</summary>
    [FieldOffset(0x0B0)]
    public ulong NestedCr3;

    /// <summary>Parts of the VMCB that did not change since the last exit; a clear bit makes the processor read that part again (§15.15.3).</summary>
    [FieldOffset(0x0C0)]
    public uint CleanBits;

    /// <summary>RIP of the next instruction, where the processor saves it.</summary>
    [FieldOffset(0x0C8)]
    public ulong NextRip;

    /// <summary>ES.</summary>
    [FieldOffset(0x400)]
    public VmcbSegment Es;

    /// <summary>CS.</summary>
    [FieldOffset(0x410)]
    public VmcbSegment Cs;

    /// <summary>SS.</summary>
    [FieldOffset(0x420)]
    public VmcbSegment Ss;

    /// <summary>DS.</summary>
    [FieldOffset(0x430)]
    public VmcbSegment Ds;

    /// <summary>FS.</summary>
    [FieldOffset(0x440)]
    public VmcbSegment Fs;

    /// <summary>GS.</summary>
    [FieldOffset(0x450)]
    public VmcbSegment Gs;

    /// <summary>GDTR: base and limit.</summary>
    [FieldOffset(0x460)]
    public VmcbSegment Gdtr;

    /// <summary>LDTR.</summary>
    [FieldOffset(0x470)]
    public VmcbSegment Ldtr;

    /// <summary>IDTR: base and limit.</summary>
    [FieldOffset(0x480)]
    public VmcbSegment Idtr;

    /// <summary>TR.</summary>
    [FieldOffset(0x490)]
    public VmcbSegment Tr;

    /// <summary>Current privilege level.</summary>
    [FieldOffset(0x4CB)]
    public byte Cpl;

    /// <summary>EFER, with SVME set always.</summary>
    [FieldOffset(0x4D0)]
    public ulong Efer;

    /// <summary>CR4.</summary>
    [FieldOffset(0x548)]
    public ulong Cr4;

    /// <summary>CR3.</summary>
    [FieldOffset(0x550)]
    public ulong Cr3;

    /// <summary>CR0.</summary>
    [FieldOffset(0x558)]
    public ulong Cr0;

    /// <summary>DR7.</summary>
    [FieldOffset(0x560)]
    public ulong Dr7;

    /// <summary>DR6.</summary>
    [FieldOffset(0x568)]
    public ulong Dr6;

    /// <summary>RFLAGS.</summary>
    [FieldOffset(RFlagsOffset)]
    public ulong RFlags;

    /// <summary>RIP.</summary>
    [FieldOffset(RipOffset)]
    public ulong Rip;

    /// <summary>RSP.</summary>
    [FieldOffset(RspOffset)]
    public ulong Rsp;

    /// <summary>RAX.</summary>
    [FieldOffset(RaxOffset)]
    public ulong Rax;

    /// <summary>CR2.</summary>
    [FieldOffset(0x640)]
    public ulong Cr2;

    /// <summary>PAT of the guest.</summary>
    [FieldOffset(0x668)]
    public ulong GuestPat;

    /// <summary>DEBUGCTL.</summary>
    [FieldOffset(0x670)]
    public ulong DebugControl;

    /// <summary>One of the six segment registers that instructions name.</summary>
    /// <param name="vmcb">The block.</param>
    /// <param name="name">ES to GS.</param>
    public static unsafe VmcbSegment Segment(Vmcb* vmcb, SegmentName name) => *(&vmcb->Es + (int)name);
}
