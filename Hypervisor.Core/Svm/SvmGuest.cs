using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>A guest of SVM, as the common part of the exits sees it.</summary>
public readonly unsafe struct SvmGuest : IGuestProcessor
{
    /// <summary>Every part of the VMCB unchanged: for exits that touch only RAX, RIP and what is never cached (AMD APM vol 2 §15.15.3).</summary>
    public const uint NothingChanged = 0xFFFF_FFFF;

    /// <summary>Length of an instruction of the two-byte map without prefixes and operands.</summary>
    public const uint PlainLength = 2;

    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const uint SvmLeaf = 0x8000_000A;
    private const uint SvmBit = 1u << 2;
    private const ulong SingleStepBit = 1UL << 14;
    private const byte TwoByteEscape = 0x0F;
    private const ulong Low32 = 0xFFFF_FFFF;
    private const int LongModeAttribute = 1 << 9;

    /// <summary>Ends an intercepted instruction: RIP behind it, interrupt shadow over, trap flag honoured .</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Advance(Vmcb* vmcb, uint length)
    {
        ulong rip = vmcb->Rip + length;
        vmcb->Rip = Is64Bit(vmcb) ? rip : rip & Low32;
        vmcb->InterruptShadow = 0;
        if (new RFlags(vmcb->RFlags).HasTrapOrResume())
        {
            EndTracedInstruction(vmcb);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AdjustCpuid(uint leaf, ProcessorData* processor)
    {
        GuestRegisters* registers = &processor->Registers;
        if (leaf == ExtendedFeatureLeaf)
        {
            registers->Rcx = (uint)registers->Rcx & ~SvmBit;
        }
        else if (leaf == SvmLeaf)
        {
            registers->Rax = 0;
            registers->Rbx = 0;
            registers->Rcx = 0;
            registers->Rdx = 0;
        }
    }

    /// <inheritdoc/>
    public static void Advance(ProcessorData* processor, uint length) => Advance(Control(processor), length);

    /// <inheritdoc/>
    public static void Raise(ProcessorData* processor, GuestEvent exception)
    {
        Vmcb* vmcb = Control(processor);
        GuestEvent merged = new GuestEvent(vmcb->EventInjection).Then(exception, out bool shutdown);

        // Real mode has no error codes on its stack (AMD APM vol 2 §8.2), and VMRUN pushes what it is given.
        vmcb->EventInjection = new Cr0(vmcb->Cr0).ProtectionEnable ? merged.Value : merged.WithoutErrorCode.Value;
        if (shutdown)
        {
            MachineReset.Reset();
        }
    }

    /// <inheritdoc/>
    public static bool IsDelivering(ProcessorData* processor) => new GuestEvent(Control(processor)->ExitInterruptInfo).IsValid;

    /// <inheritdoc/>
    public static ulong Rip(ProcessorData* processor) => Control(processor)->Rip;

    /// <inheritdoc/>
    public static ulong Cr3(ProcessorData* processor) => Control(processor)->Cr3;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Cr4(ProcessorData* processor) => Control(processor)->Cr4;

    /// <inheritdoc/>
    public static int Privilege(ProcessorData* processor) => Control(processor)->Cpl;

    /// <inheritdoc/>
    public static RFlags Flags(ProcessorData* processor) => new(Control(processor)->RFlags);

    /// <inheritdoc/>
    public static SegmentState Segment(ProcessorData* processor, SegmentName name)
    {
        VmcbSegment segment = Vmcb.Segment(Control(processor), name);
        return new SegmentState(new SegmentSelector(segment.Selector), segment.Base, segment.Limit, new SegmentAttributes(segment.Attributes));
    }

    /// <inheritdoc/>
    public static void SetRip(ProcessorData* processor, ulong rip) => Control(processor)->Rip = rip;

    /// <inheritdoc/>
    public static void SetFlags(ProcessorData* processor, RFlags flags) => Control(processor)->RFlags = flags.Value;

    /// <inheritdoc/>
    public static void StoreStackPointer(ProcessorData* processor) => Control(processor)->Rsp = processor->Registers.Rsp;

    /// <inheritdoc/>
    public static void SetFaultAddress(ProcessorData* processor, ulong address) => Control(processor)->Cr2 = address;

    /// <inheritdoc/>
    public static CodeWidth Width(ProcessorData* processor) => Width(Control(processor));

    /// <inheritdoc/>
    public static bool IsPlain64Bit(ProcessorData* processor) => IsPlain64Bit(Control(processor));

    /// <inheritdoc/>
    public static uint InstructionLength(ProcessorData* processor) => InstructionLength(processor, Control(processor));

    /// <inheritdoc/>
    public static ulong LinearRip(ProcessorData* processor)
    {
        Vmcb* vmcb = Control(processor);
        return Is64Bit(vmcb) ? vmcb->Rip : (vmcb->Cs.Base + vmcb->Rip) & Low32;
    }

    /// <inheritdoc/>
    public static PagingState Paging(ProcessorData* processor)
    {
        Vmcb* vmcb = Control(processor);
        return new PagingState(
            new Cr0(vmcb->Cr0),
            new Cr3(vmcb->Cr3),
            new Cr4(vmcb->Cr4),
            new Efer(vmcb->Efer),
            new RFlags(vmcb->RFlags),
            vmcb->Cpl,
            processor->Machine->PhysicalAddressBits,
            processor->Machine->HasGibibytePages);
    }

    /// <inheritdoc/>
    public static void BeginStep(ProcessorData* processor) => SvmStep.Begin(processor, Control(processor));

    /// <inheritdoc/>
    public static void EndStep(ProcessorData* processor) => SvmStep.TakeBack(processor, Control(processor));

    /// <inheritdoc/>
    public static void OpenPorts(ProcessorData* processor, bool open) =>
        Control(processor)->IoPermissionMap = open ? processor->Machine->OpenIoPermissionMap : processor->Machine->IoPermissionMap;

    /// <inheritdoc/>
    public static void SetNestedRoot(ProcessorData* processor, ulong root) => Control(processor)->NestedCr3 = root;

    /// <inheritdoc/>
    public static void LoadStartupState(ProcessorData* processor, uint signature, StartPoint start) =>
        SvmProcessor.LoadStartupState(processor, signature, start);

    /// <inheritdoc/>
    public static void DropCommandTrap(ProcessorData* processor)
    {
        // In x2APIC mode only commands exit: the trap costs little, and the next INIT has to go through it.
    }

    /// <inheritdoc/>
    public static void TakePendingNmis() => Instructions.OpenGlobalInterruptWindow();

    /// <inheritdoc/>
    public static void OpenInterruptWindow() => Instructions.OpenInterruptWindowUnderGif();

    /// <summary>Whether the guest runs 64-bit code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is64Bit(Vmcb* vmcb) => (vmcb->Cs.Attributes & LongModeAttribute) != 0 && new Efer(vmcb->Efer).LongModeActive;

    /// <summary>Width of the code the guest runs.</summary>
    public static CodeWidth Width(Vmcb* vmcb) =>
        Is64Bit(vmcb) ? CodeWidth.Bits64 : new SegmentAttributes(vmcb->Cs.Attributes).DefaultBig ? CodeWidth.Bits32 : CodeWidth.Bits16;

    /// <summary>
    /// Length of an intercepted instruction of the two-byte map. Processors with next-RIP save know it; for the others the code is looked at.
    /// </summary>
    public static uint InstructionLength(ProcessorData* processor, Vmcb* vmcb)
    {
        if (processor->Machine->HasNextRip)
        {
            return (uint)(vmcb->NextRip - vmcb->Rip);
        }

        return IsPlain64Bit(vmcb) && HasNoPrefix(processor, vmcb) ? PlainLength : MeasureInstruction(processor, vmcb);
    }

    /// <summary>Whether the guest runs 64-bit code on four-level tables, and is not being traced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain64Bit(Vmcb* vmcb) =>
        Is64Bit(vmcb) && !new Cr4(vmcb->Cr4).LinearAddress57 && !new RFlags(vmcb->RFlags).HasTrapOrResume();

    /// <summary>
    /// Whether an intercepted instruction of the two-byte map stands at RIP without prefixes: then, and only then, its first byte is the escape 0F. Only where
    /// <see cref="IsPlain64Bit(Vmcb*)"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasNoPrefix(ProcessorData* processor, Vmcb* vmcb) =>
        *InstructionFetch.Executed(processor->Machine->Window, vmcb->Cr3, vmcb->Rip) == TwoByteEscape;

    /// <summary>Length of the instruction at RIP by decoding; the plain two bytes where it cannot be read any more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint MeasureInstruction(ProcessorData* processor, Vmcb* vmcb)
    {
        CodeBytes code;
        int count = ReadCode(processor, code.Bytes);
        int length = Decoding(code.Bytes, count, Width(vmcb));
        return length == 0 ? PlainLength : (uint)length;
    }

    /// <summary>Reads the bytes at the guest's RIP.</summary>
    /// <returns>Number of bytes, up to 15.</returns>
    public static int ReadCode(ProcessorData* processor, byte* bytes)
    {
        PagingState state = Paging(processor);
        return InstructionFetch.Read(in state, LinearRip(processor), bytes);
    }

    /// <summary>The guest's registers for a report.</summary>
    public static void Snapshot(ProcessorData* processor, GuestSnapshot* snapshot)
    {
        Vmcb* vmcb = (Vmcb*)processor->GuestControl;
        snapshot->Rip = vmcb->Rip;
        snapshot->Rsp = vmcb->Rsp;
        snapshot->RFlags = vmcb->RFlags;
        snapshot->Cr0 = vmcb->Cr0;
        snapshot->Cr3 = vmcb->Cr3;
        snapshot->Cr4 = vmcb->Cr4;
        snapshot->Efer = vmcb->Efer;
        snapshot->Cs = vmcb->Cs.Selector;
        snapshot->Cpl = vmcb->Cpl;
    }

    private static Vmcb* Control(ProcessorData* processor) => (Vmcb*)processor->GuestControl;

    private static int Decoding(byte* bytes, int count, CodeWidth width) => Guest.Decoding.InstructionLength.Measure(new System.ReadOnlySpan<byte>(bytes, count), width);

    /// <summary>An intercepted instruction clears RF and, with TF set, ends in #DB; SVM has no pending debug exceptions, so it is raised here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void EndTracedInstruction(Vmcb* vmcb)
    {
        RFlags flags = new RFlags(vmcb->RFlags).WithResume(false);
        vmcb->RFlags = flags.Value;

        // With BTF the trap flag stops at branches only (AMD APM vol 2 §13.1.4); no instruction that is intercepted branches.
        ulong debugControl;
        if (flags.Trap && (Instructions.TryReadMsr(Msr.DebugControl, &debugControl) == 0 || !new DebugControl(debugControl).BranchSingleStep))
        {
            vmcb->Dr6 |= SingleStepBit;
            vmcb->CleanBits = 0;
            vmcb->EventInjection = new GuestEvent(vmcb->EventInjection).Then(GuestEvent.Exception(ExceptionVector.Debug), out _).Value;
        }
    }
}
