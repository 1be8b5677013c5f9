using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>A guest of VMX, as the common part of the exits sees it.</summary>
public readonly unsafe struct VmxGuest : IGuestProcessor
{
    private const ulong Low32 = 0xFFFF_FFFF;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const ulong SystemCallBit = 1UL << 11;
    private const VmxInterruptibility Shadow = VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs;
    private const uint SingleContext = 1;

    /// <inheritdoc/>
    public static bool IsDelivering(ProcessorData* processor) => GuestEvent.FromFields(Vmcs.Read(VmcsField32.IdtVectoringInformation), 0).IsValid;

    /// <inheritdoc/>
    public static ulong Rip(ProcessorData* processor) => Vmcs.Read(VmcsFieldNatural.GuestRip);

    /// <inheritdoc/>
    public static ulong Cr3(ProcessorData* processor) => Vmcs.Read(VmcsFieldNatural.GuestCr3);

    /// <inheritdoc/>
    public static ulong Cr4(ProcessorData* processor) => Vmcs.Read(VmcsFieldNatural.GuestCr4);

    /// <inheritdoc/>
    public static int Privilege(ProcessorData* processor) => Attributes(SegmentName.Ss).Privilege;

    /// <inheritdoc/>
    public static RFlags Flags(ProcessorData* processor) => new(Vmcs.Read(VmcsFieldNatural.GuestRFlags));

    /// <inheritdoc/>
    public static SegmentState Segment(ProcessorData* processor, SegmentName name) => VmcsSegment.Read(name).State;

    /// <inheritdoc/>
    public static void SetRip(ProcessorData* processor, ulong rip) => Vmcs.Write(VmcsFieldNatural.GuestRip, rip);

    /// <inheritdoc/>
    public static void SetFlags(ProcessorData* processor, RFlags flags) => Vmcs.Write(VmcsFieldNatural.GuestRFlags, flags.Value);

    /// <inheritdoc/>
    public static void StoreStackPointer(ProcessorData* processor) => Vmcs.Write(VmcsFieldNatural.GuestRsp, processor->Registers.Rsp);

    /// <inheritdoc/>
    public static void SetFaultAddress(ProcessorData* processor, ulong address) => Instructions.WriteCr2(address);

    /// <inheritdoc/>
    public static CodeWidth Width(ProcessorData* processor)
    {
        SegmentAttributes code = Attributes(SegmentName.Cs);
        return code.LongMode && IsLongMode ? CodeWidth.Bits64 : code.DefaultBig ? CodeWidth.Bits32 : CodeWidth.Bits16;
    }

    /// <inheritdoc/>
    public static bool IsPlain64Bit(ProcessorData* processor) => IsLongMode
        && Attributes(SegmentName.Cs).LongMode
        && !new Cr4(Vmcs.Read(VmcsFieldNatural.GuestCr4)).LinearAddress57
        && !new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags)).HasTrapOrResume();

    /// <inheritdoc/>
    public static ulong LinearRip(ProcessorData* processor)
    {
        ulong rip = Vmcs.Read(VmcsFieldNatural.GuestRip);
        return Width(processor) == CodeWidth.Bits64 ? rip : (Vmcs.Read(VmcsFieldNatural.GuestCsBase) + rip) & Low32;
    }

    /// <inheritdoc/>
    public static PagingState Paging(ProcessorData* processor) => new(
        new Cr0(Vmcs.Read(VmcsFieldNatural.GuestCr0)),
        new Cr3(Vmcs.Read(VmcsFieldNatural.GuestCr3)),
        new Cr4(Vmcs.Read(VmcsFieldNatural.GuestCr4)),
        new Efer(Vmcs.Read(VmcsField64.GuestEfer)),
        new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags)),
        Privilege(processor),
        processor->Machine->PhysicalAddressBits,
        processor->Machine->HasGibibytePages);

    /// <inheritdoc/>
    public static uint InstructionLength(ProcessorData* processor) => Vmcs.Read(VmcsField32.ExitInstructionLength);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AdjustCpuid(uint leaf, ProcessorData* processor)
    {
        // SYSCALL is there in 64-bit mode only, and so is its bit (Intel SDM vol 2, CPUID, table 3-8); the host asks in 64-bit mode.
        if (leaf == ExtendedFeatureLeaf && Width(processor) != CodeWidth.Bits64)
        {
            processor->Registers.Rdx &= ~SystemCallBit;
        }
    }

    /// <inheritdoc/>
    public static void Advance(ProcessorData* processor, uint length)
    {
        ulong before = Vmcs.Read(VmcsFieldNatural.GuestRip);
        ulong rip = before + length;
        if (before <= Low32 && rip > Low32 && Width(processor) != CodeWidth.Bits64)
        {
            rip &= Low32;
        }

        Vmcs.Write(VmcsFieldNatural.GuestRip, rip);
        VmxInterruptibility state = (VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility);
        if ((state & Shadow) != 0)
        {
            Vmcs.Write(VmcsField32.GuestInterruptibility, (uint)(state & ~Shadow));
        }

        RFlags flags = new(Vmcs.Read(VmcsFieldNatural.GuestRFlags));
        if (flags.HasTrapOrResume())
        {
            EndTracedInstruction(flags);
        }
    }

    /// <summary>Whether <see cref="AdvanceQuietly"/> may be used: nothing is blocked, nobody traces.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuiet() => !new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags)).HasTrapOrResume() && Vmcs.Read(VmcsField32.GuestInterruptibility) == 0;

    /// <summary>Ends an intercepted instruction where <see cref="IsQuiet"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AdvanceQuietly(ProcessorData* processor)
    {
        ulong before = Vmcs.Read(VmcsFieldNatural.GuestRip);
        ulong rip = before + Vmcs.Read(VmcsField32.ExitInstructionLength);
        Vmcs.Write(VmcsFieldNatural.GuestRip, (before ^ rip) <= Low32 ? rip : Wrap(processor, rip));
    }

    /// <inheritdoc/>
    public static void Raise(ProcessorData* processor, GuestEvent exception)
    {
        GuestEvent pending = GuestEvent.FromFields(Vmcs.Read(VmcsField32.EntryInterruptionInformation), Vmcs.Read(VmcsField32.EntryExceptionErrorCode));
        GuestEvent merged = pending.Then(exception, out bool shutdown);

        // A fault is delivered with RF set in the flags it pushes (Intel SDM vol 3 §17.3.1.1), and an entry pushes what it finds.
        if (exception.Vector != ExceptionVector.Debug)
        {
            Vmcs.Write(VmcsFieldNatural.GuestRFlags, new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags)).WithResume(true).Value);
        }

        // Real mode has no error codes on its stack, and VM entry refuses one there (Intel SDM vol 3 §26.2.1.3).
        Inject(new Cr0(Vmcs.Read(VmcsFieldNatural.GuestCr0)).ProtectionEnable ? merged : merged.WithoutErrorCode);
        if (shutdown)
        {
            MachineReset.Reset();
        }
    }

    /// <summary>
    /// For an instruction that is executed again: the single step behind it is not due yet. Hardware knows that at an exit that is like a fault; Bochs 2.7 notes the
    /// step as pending. In the shadow of STI or MOV SS it has to be noted, and is delivered behind the instruction (Intel SDM vol 3 §26.3.1.5).
    /// </summary>
    public static void ForgetSingleStep()
    {
        VmxPendingDebug pending = (VmxPendingDebug)Vmcs.Read(VmcsFieldNatural.GuestPendingDebug);
        bool shadowed = ((VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility) & Shadow) != 0;
        bool noted = shadowed && StepsInstructions(new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags)));
        VmxPendingDebug wanted = noted ? pending | VmxPendingDebug.SingleStep : pending & ~VmxPendingDebug.SingleStep;
        if (wanted != pending)
        {
            Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, (ulong)wanted);
        }
    }

    /// <summary>Has an event delivered at the next entry.</summary>
    public static void Inject(GuestEvent pending)
    {
        Vmcs.Write(VmcsField32.EntryInterruptionInformation, pending.Information);
        Vmcs.Write(VmcsField32.EntryExceptionErrorCode, pending.ErrorCode);
    }

    /// <inheritdoc/>
    public static void BeginStep(ProcessorData* processor) => VmxStep.Begin(processor);

    /// <inheritdoc/>
    public static void EndStep(ProcessorData* processor) => VmxStep.TakeBack(processor);

    /// <inheritdoc/>
    public static void OpenPorts(ProcessorData* processor, bool open) => Change(PrimaryControls.UseIoBitmaps, on: !open);

    /// <inheritdoc/>
    public static void SetNestedRoot(ProcessorData* processor, ulong root)
    {
        Vmcs.Write(VmcsField64.EptPointer, EptPointer.FourLevel(root).Value);
        processor->ApicWindow.FlushNeeded = true;
    }

    /// <inheritdoc/>
    public static void LoadStartupState(ProcessorData* processor, uint signature, StartPoint start) =>
        VmxProcessor.LoadStartupState(processor, signature, start);

    /// <inheritdoc/>
    public static void DropCommandTrap(ProcessorData* processor) =>
        VmxMsrBitmap.TrapInterruptCommands(processor->Machine->MsrPermissionMap, trap: false);

    /// <inheritdoc/>
    public static void TakePendingNmis()
    {
        // Nothing keeps them from the host's handler: they have arrived.
    }

    /// <inheritdoc/>
    public static void OpenInterruptWindow() => Instructions.OpenInterruptWindow();

    /// <summary>Switches primary controls on or off.</summary>
    public static void Change(PrimaryControls controls, bool on)
    {
        PrimaryControls before = (PrimaryControls)Vmcs.Read(VmcsField32.PrimaryControls);
        Vmcs.Write(VmcsField32.PrimaryControls, (uint)(on ? before | controls : before & ~controls));
    }

    /// <summary>Drops this processor's translations through its nested tables, if they have changed.</summary>
    public static void FlushIfNeeded(ProcessorData* processor)
    {
        if (processor->ApicWindow.FlushNeeded)
        {
            processor->ApicWindow.FlushNeeded = false;
            Instructions.InvalidateEpt(SingleContext, Vmcs.Read(VmcsField64.EptPointer));
        }
    }

    /// <summary>The guest's registers for a report.</summary>
    public static void Snapshot(ProcessorData* processor, GuestSnapshot* snapshot)
    {
        snapshot->Rip = Vmcs.ReadOrZero(VmcsFieldNatural.GuestRip);
        snapshot->Rsp = Vmcs.ReadOrZero(VmcsFieldNatural.GuestRsp);
        snapshot->RFlags = Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags);
        snapshot->Cr0 = Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0);
        snapshot->Cr3 = Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr3);
        snapshot->Cr4 = Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr4);
        snapshot->Efer = Vmcs.ReadOrZero(VmcsField64.GuestEfer);
        snapshot->Cs = Vmcs.ReadOrZero(VmcsField16.GuestCsSelector);
        snapshot->Cpl = (byte)new VmxAccessRights(Vmcs.ReadOrZero(VmcsField32.GuestSsAccessRights)).Attributes.Privilege;
    }

    private static bool IsLongMode => ((EntryControls)Vmcs.Read(VmcsField32.EntryControls) & EntryControls.Ia32eMode) != 0;

    private static SegmentAttributes Attributes(SegmentName segment) => new VmxAccessRights(Vmcs.Read(Vmcs.AccessRights(segment))).Attributes;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Wrap(ProcessorData* processor, ulong rip) => Width(processor) == CodeWidth.Bits64 ? rip : rip & Low32;

    /// <summary>With BTF the trap flag stops at branches only (Intel SDM vol 3 §17.4.1); no instruction that is intercepted branches.</summary>
    private static bool StepsInstructions(RFlags flags) => flags.Trap && !new DebugControl(Vmcs.Read(VmcsField64.GuestDebugControl)).BranchSingleStep;

    /// <summary>An intercepted instruction clears RF; with TF set a single step is due behind it .</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void EndTracedInstruction(RFlags flags)
    {
        Vmcs.Write(VmcsFieldNatural.GuestRFlags, flags.WithResume(false).Value);

        if (StepsInstructions(flags))
        {
            VmxPendingDebug pending = (VmxPendingDebug)Vmcs.Read(VmcsFieldNatural.GuestPendingDebug);
            Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, (ulong)(pending | VmxPendingDebug.SingleStep));
        }
    }
}
