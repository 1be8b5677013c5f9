using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.TaskSwitch;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// Hardware task switches, which always exit (Intel SDM vol 3 §25.4.2): the processor has found out that one is due, nothing more. Outside IA-32e mode only; there
/// the processor raises #GP by itself.
/// </summary>
public static unsafe class VmxTaskSwitch
{
    private const ulong Low32 = 0xFFFF_FFFF;
    private const ulong TaskSwitchBit = 1UL << 15; // DR6.BT
    private const uint SingleContext = 1;
    private const uint PaePointerStride = 2;
    private const VmxInterruptibility Shadow = VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs;

    /// <summary>Completes a task switch. The event that was being delivered, if any, is used up: the caller must not have it delivered again.</summary>
    public static ExitCause Handle(ProcessorData* processor)
    {
        VmxTaskSwitchQualification qualification = new(Vmcs.Read(VmcsFieldNatural.ExitQualification));
        InterruptionInformation delivering = new(Vmcs.Read(VmcsField32.IdtVectoringInformation));
        TaskSwitchRequest request = new() { Selector = qualification.Selector, Source = qualification.Source };
        if (delivering.IsValid)
        {
            request.IsExternal = delivering.Type is not (InterruptionType.SoftwareInterrupt or InterruptionType.SoftwareException);
            request.HasErrorCode = delivering.HasErrorCode;
            request.ErrorCode = delivering.HasErrorCode ? Vmcs.Read(VmcsField32.IdtVectoringErrorCode) : 0;
        }

        TaskState state;
        Read(processor, &state);
        if (!delivering.IsValid || delivering.IsSoftware)
        {
            // An instruction asked: the old task goes on behind it. For events RIP and RFLAGS.RF are already what the old task shall find (§27.3.3).
            state.Rip = (state.Rip + Vmcs.Read(VmcsField32.ExitInstructionLength)) & Low32;
            state.RFlags = state.RFlags.WithResume(false);
        }

        TaskSwitchResult result = TaskSwitchEmulation.Run(&state, request);
        SetBlocking(qualification.Source, delivering);
        if (result.Committed)
        {
            Write(processor, &state);
        }

        if (result.Exception.IsValid)
        {
            Raise(processor, result, delivering);
        }
        else if (result.DebugTrap)
        {
            Instructions.WriteDr6(Instructions.ReadDr6() | TaskSwitchBit);
            VmxGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.Debug));
        }

        return ExitCause.TaskSwitch;
    }

    private static void Read(ProcessorData* processor, TaskState* state)
    {
        *state = default;
        state->Registers = processor->Registers;
        state->Registers.Rsp = Vmcs.Read(VmcsFieldNatural.GuestRsp);
        state->Rip = Vmcs.Read(VmcsFieldNatural.GuestRip);
        state->RFlags = new RFlags(Vmcs.Read(VmcsFieldNatural.GuestRFlags));
        state->Cr0 = new Cr0(Vmcs.Read(VmcsFieldNatural.GuestCr0));
        state->Cr3 = new Cr3(Vmcs.Read(VmcsFieldNatural.GuestCr3));
        state->Cr4 = new Cr4(Vmcs.Read(VmcsFieldNatural.GuestCr4));
        state->Efer = new Efer(Vmcs.Read(VmcsField64.GuestEfer));
        state->Dr7 = Vmcs.Read(VmcsFieldNatural.GuestDr7);
        state->Gdtr = new DescriptorTableState(Vmcs.Read(VmcsFieldNatural.GuestGdtrBase), (ushort)Vmcs.Read(VmcsField32.GuestGdtrLimit));
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Tr; name++)
        {
            *TaskState.Segment(state, name) = VmcsSegment.Read(name).State;
        }

        for (uint i = 0; i < TaskState.PaePointers && state->UsesPaePointers; i++)
        {
            state->PaePointer[i] = Vmcs.Read(PaePointer(i));
        }

        state->PhysicalAddressBits = processor->Machine->PhysicalAddressBits;
        state->HiddenBase = processor->Machine->RegionBase;
        state->HiddenSize = processor->Machine->RegionSize;
    }

    /// <summary>Gives the guest the new task. Of CR0 only TS has changed, which is the guest's own.</summary>
    private static void Write(ProcessorData* processor, TaskState* state)
    {
        processor->Registers = state->Registers;
        Vmcs.Write(VmcsFieldNatural.GuestRsp, state->Registers.Rsp);
        Vmcs.Write(VmcsFieldNatural.GuestRip, state->Rip);
        Vmcs.Write(VmcsFieldNatural.GuestRFlags, state->RFlags.Value);
        Vmcs.Write(VmcsFieldNatural.GuestCr0, state->Cr0.Value);
        Vmcs.Write(VmcsFieldNatural.GuestCr3, state->Cr3.Value);
        Vmcs.Write(VmcsFieldNatural.GuestDr7, state->Dr7);
        Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, (ulong)VmxPendingDebug.None); // traps of the old task are lost with it
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Tr; name++)
        {
            VmcsSegment.Write(name, *TaskState.Segment(state, name));
        }

        for (uint i = 0; i < TaskState.PaePointers && state->UsesPaePointers; i++)
        {
            Vmcs.Write(PaePointer(i), state->PaePointer[i]);
        }

        // Loading CR3 drops translations; an entry does so only where they are not tagged.
        bool tagged = ((SecondaryControls)Vmcs.Read(VmcsField32.SecondaryControls) & SecondaryControls.EnableVpid) != 0;
        if (state->Cr0.Paging && tagged)
        {
            Instructions.InvalidateVpid(SingleContext, Vmcs.Read(VmcsField16.Vpid));
        }
    }

    /// <summary>Any task switch ends the shadow of STI and MOV SS; an NMI blocks further ones, IRET ends that even where it faults (Intel SDM vol 3 §6.7.1).</summary>
    private static void SetBlocking(TaskSwitchSource source, InterruptionInformation delivering)
    {
        VmxInterruptibility before = (VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility);
        VmxInterruptibility after = before & ~Shadow;
        if (source == TaskSwitchSource.Iret)
        {
            after &= ~VmxInterruptibility.BlockingByNmi;
        }
        else if (delivering.IsValid && delivering.Type == InterruptionType.Nmi)
        {
            after |= VmxInterruptibility.BlockingByNmi;
        }

        Vmcs.Write(VmcsField32.GuestInterruptibility, (uint)after);

        // The event may have come while the guest was halted.
        Vmcs.Write(VmcsField32.GuestActivityState, (uint)VmxActivityState.Active);
    }

    /// <summary>Raises what the switch ended in, on top of the exception that it was to deliver.</summary>
    private static void Raise(ProcessorData* processor, in TaskSwitchResult result, InterruptionInformation delivering)
    {
        if (result.Exception.Vector == ExceptionVector.PageFault)
        {
            Instructions.WriteCr2(result.FaultAddress);
        }

        VmxGuest.Inject(GuestEvent.FromFields(delivering.Value, 0));
        VmxGuest.Raise(processor, result.Exception);
    }

    private static VmcsField64 PaePointer(uint index) => VmcsField64.GuestPdpte0 + (index * PaePointerStride);
}
