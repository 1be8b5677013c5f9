using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Vmx;

/// <summary>Brings VMX up on a processor and fills its VMCS.</summary>
public static unsafe class VmxProcessor
{
    private const ushort GuestVpid = 1;
    private const uint SingleContext = 1;
    private const ulong NoLinkedVmcs = ulong.MaxValue;
    private const uint UnusableSegment = 1u << 16;
    private const ushort AccessedBit = 1;
    private const ulong TraceState = 1UL << 8;
    private const uint TaskStateLimit = 0x67;
    private const ushort BusyTaskState = 0x8B;

    /// <summary>Puts the executing processor into VMX operation. CR4.VMXE is set on the way.</summary>
    /// <returns>False when the processor refuses.</returns>
    public static bool Enable(ProcessorData* processor)
    {
        Instructions.WriteCr4(new Cr4(Instructions.ReadCr4()).WithVmxEnable(true).Value);
        return VmxRegions.Enter(processor, new VmxBasic(Instructions.ReadMsr(Msr.VmxBasic)).Revision);
    }

    /// <summary>Fills the control fields.</summary>
    public static void WriteControls(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        VmxControls controls = VmxControls.For(VmxCapabilities.Read());
        Vmcs.Write(VmcsField32.PinControls, (uint)controls.Pin);
        Vmcs.Write(VmcsField32.PrimaryControls, (uint)controls.Primary);
        Vmcs.Write(VmcsField32.SecondaryControls, (uint)controls.Secondary);
        Vmcs.Write(VmcsField32.ExitControls, (uint)controls.Exit);
        Vmcs.Write(VmcsField32.EntryControls, (uint)controls.Entry);
        Vmcs.Write(VmcsField32.ExceptionBitmap, 0);
        Vmcs.Write(VmcsField32.PageFaultErrorMask, 0);
        Vmcs.Write(VmcsField32.PageFaultErrorMatch, 0);
        Vmcs.Write(VmcsField32.Cr3TargetCount, 0);
        Vmcs.Write(VmcsField32.ExitMsrStoreCount, 0);
        Vmcs.Write(VmcsField32.ExitMsrLoadCount, 0);
        Vmcs.Write(VmcsField32.EntryMsrLoadCount, 0);
        Vmcs.Write(VmcsField32.EntryInterruptionInformation, 0);
        Vmcs.Write(VmcsField64.MsrBitmap, machine->MsrPermissionMap);
        Vmcs.Write(VmcsField64.IoBitmapA, machine->IoPermissionMap);
        Vmcs.Write(VmcsField64.IoBitmapB, machine->IoPermissionMap + PageSizes.Size4K);
        Vmcs.Write(VmcsFieldNatural.Cr0Mask, VmxGuestRegisters.OwnedCr0);
        Vmcs.Write(VmcsFieldNatural.Cr4Mask, VmxGuestRegisters.OwnedCr4);
        WriteOptional(controls);
        ApicTrap.BuildWindow<VmxGuest>(processor);
    }

    /// <summary>Fills the host-state area: the processor finds the host as it left it, at each exit (Intel SDM vol 3 §24.5).</summary>
    public static void WriteHostState(ProcessorData* processor)
    {
        Vmcs.Write(VmcsFieldNatural.HostCr0, processor->HostCr0);
        Vmcs.Write(VmcsFieldNatural.HostCr3, processor->HostCr3);
        Vmcs.Write(VmcsFieldNatural.HostCr4, processor->HostCr4);
        Vmcs.Write(VmcsField16.HostCsSelector, HostSelectors.Code);
        Vmcs.Write(VmcsField16.HostSsSelector, HostSelectors.Data);
        Vmcs.Write(VmcsField16.HostDsSelector, HostSelectors.Data);
        Vmcs.Write(VmcsField16.HostEsSelector, HostSelectors.Data);
        Vmcs.Write(VmcsField16.HostFsSelector, 0);
        Vmcs.Write(VmcsField16.HostGsSelector, 0);
        Vmcs.Write(VmcsField16.HostTrSelector, HostSelectors.TaskState);
        Vmcs.Write(VmcsFieldNatural.HostFsBase, 0);
        Vmcs.Write(VmcsFieldNatural.HostGsBase, 0);
        Vmcs.Write(VmcsFieldNatural.HostTrBase, (ulong)&processor->TaskState);
        Vmcs.Write(VmcsFieldNatural.HostGdtrBase, processor->Gdtr.Base);
        Vmcs.Write(VmcsFieldNatural.HostIdtrBase, processor->Idtr.Base);
        Vmcs.Write(VmcsField32.HostSysEnterCs, 0);
        Vmcs.Write(VmcsFieldNatural.HostSysEnterEsp, 0);
        Vmcs.Write(VmcsFieldNatural.HostSysEnterEip, 0);
        Vmcs.Write(VmcsField64.HostEfer, default(Efer).WithLongModeEnable(true).WithLongModeActive(true).WithNoExecuteEnable(true).Value);

        // SMM code may depend on the firmware's PAT (C6), and an SMI can come while the host runs: the host keeps it, where its first entry serves the host.
        ulong pat = Instructions.ReadMsr(Msr.Pat);
        Vmcs.Write(VmcsField64.HostPat, new PatMsr(pat)[0] == MemoryType.WriteBack ? pat : PatMsr.AfterReset);
        Vmcs.Write(VmcsFieldNatural.HostRsp, (ulong)processor - ProcessorBlock.HomeSpace);
        Vmcs.Write(VmcsFieldNatural.HostRip, Instructions.VmxExitPoint());
        if (((ExitControls)Vmcs.Read(VmcsField32.ExitControls) & ExitControls.LoadCet) != 0)
        {
            Vmcs.Write(VmcsFieldNatural.HostSupervisorCet, 0);
            Vmcs.Write(VmcsFieldNatural.HostShadowStackPointer, 0);
            Vmcs.Write(VmcsFieldNatural.HostInterruptShadowStackTable, 0);
        }

        if (((ExitControls)Vmcs.Read(VmcsField32.ExitControls) & ExitControls.LoadProtectionKeys) != 0)
        {
            Vmcs.Write(VmcsField64.HostProtectionKeys, 0);
        }
    }

    /// <summary>Fills what the guest starts with and no instruction tells: nothing blocked, nothing pending.</summary>
    public static void WriteGuestDefaults()
    {
        Vmcs.Write(VmcsField64.LinkPointer, NoLinkedVmcs);
        Vmcs.Write(VmcsField32.GuestActivityState, (uint)VmxActivityState.Active);
        Vmcs.Write(VmcsField32.GuestInterruptibility, 0);
        Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, 0);
        Vmcs.Write(VmcsField64.GuestPat, Instructions.ReadMsr(Msr.Pat));
        Vmcs.Write(VmcsField64.GuestDebugControl, Instructions.ReadMsr(Msr.DebugControl));
        Vmcs.Write(VmcsField32.GuestSysEnterCs, (uint)Instructions.ReadMsr(Msr.SysEnterCs));
        Vmcs.Write(VmcsFieldNatural.GuestSysEnterEsp, Instructions.ReadMsr(Msr.SysEnterEsp));
        Vmcs.Write(VmcsFieldNatural.GuestSysEnterEip, Instructions.ReadMsr(Msr.SysEnterEip));
    }

    /// <summary>Fills the guest-state area with what the processor is doing now, but for where it goes on.</summary>
    /// <param name="cr4">CR4 from before <see cref="Enable"/>.</param>
    /// <param name="rip">RIP of the guest.</param>
    /// <param name="rsp">RSP of the guest.</param>
    public static void CaptureState(Cr4 cr4, ulong rip, ulong rsp)
    {
        DescriptorTableRegister gdt;
        DescriptorTableRegister idt;
        Instructions.StoreGdt(&gdt);
        Instructions.StoreIdt(&idt);
        Vmcs.Write(VmcsFieldNatural.GuestGdtrBase, gdt.Base);
        Vmcs.Write(VmcsField32.GuestGdtrLimit, gdt.Limit);
        Vmcs.Write(VmcsFieldNatural.GuestIdtrBase, idt.Base);
        Vmcs.Write(VmcsField32.GuestIdtrLimit, idt.Limit);
        for (SegmentName segment = SegmentName.Es; segment <= SegmentName.Ldtr; segment++)
        {
            WriteSegment(segment, RunningSegment.Read(gdt, segment));
        }

        Vmcs.Write(VmcsFieldNatural.GuestFsBase, Instructions.ReadMsr(Msr.FsBase));
        Vmcs.Write(VmcsFieldNatural.GuestGsBase, Instructions.ReadMsr(Msr.GsBase));
        WriteSegment(SegmentName.Tr, Task(RunningSegment.Read(gdt, SegmentName.Tr)));
        Efer efer = new(Instructions.ReadMsr(Msr.Efer));
        Vmcs.Write(VmcsField64.GuestEfer, efer.Value);
        SetLongMode(efer.LongModeActive);
        VmxGuestRegisters.WriteCr0(new Cr0(Instructions.ReadCr0()));
        Vmcs.Write(VmcsFieldNatural.GuestCr3, Instructions.ReadCr3());
        VmxGuestRegisters.WriteCr4(cr4);
        Vmcs.Write(VmcsFieldNatural.GuestDr7, Instructions.ReadDr7());
        Vmcs.Write(VmcsFieldNatural.GuestRFlags, Instructions.ReadRFlags());
        Vmcs.Write(VmcsFieldNatural.GuestRip, rip);
        Vmcs.Write(VmcsFieldNatural.GuestRsp, rsp);
        WriteGuestDefaults();
        CaptureOptional();
    }

    /// <summary>Puts the guest into the state behind SIPI (R-31; Intel SDM vol 3 table 9-1, column INIT).</summary>
    public static void LoadStartupState(ProcessorData* processor, uint signature, StartPoint start)
    {
        Cr0 before = new(Instructions.ReadCr0()); // CD and NW are never switched by entries and exits (§26.3.2.1)
        InitState state = InitState.AfterStartup(before, signature, start);
        WriteSegment(SegmentName.Cs, state.Cs);
        for (SegmentName segment = SegmentName.Es; segment <= SegmentName.Gs; segment++)
        {
            if (segment != SegmentName.Cs)
            {
                WriteSegment(segment, state.Data);
            }
        }

        WriteSegment(SegmentName.Ldtr, state.LocalTable);
        WriteSegment(SegmentName.Tr, state.Task);
        Vmcs.Write(VmcsFieldNatural.GuestGdtrBase, state.GlobalTable.Base);
        Vmcs.Write(VmcsField32.GuestGdtrLimit, state.GlobalTable.Limit);
        Vmcs.Write(VmcsFieldNatural.GuestIdtrBase, state.InterruptTable.Base);
        Vmcs.Write(VmcsField32.GuestIdtrLimit, state.InterruptTable.Limit);
        Vmcs.Write(VmcsFieldNatural.GuestRsp, 0);
        Vmcs.Write(VmcsFieldNatural.GuestRip, state.Rip);
        Vmcs.Write(VmcsFieldNatural.GuestRFlags, state.RFlags.Value);
        VmxGuestRegisters.WriteCr0(state.Cr0);
        Vmcs.Write(VmcsFieldNatural.GuestCr3, state.Cr3.Value);
        VmxGuestRegisters.WriteCr4(state.Cr4);
        Vmcs.Write(VmcsField64.GuestEfer, state.Efer.Value);
        SetLongMode(false);
        Vmcs.Write(VmcsFieldNatural.GuestDr7, InitState.Dr7);
        Vmcs.Write(VmcsField64.GuestDebugControl, InitState.DebugControl);
        Vmcs.Write(VmcsField32.GuestActivityState, (uint)VmxActivityState.Active);
        Vmcs.Write(VmcsField32.GuestInterruptibility, 0);
        Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, 0);
        Vmcs.Write(VmcsField32.EntryInterruptionInformation, 0);
        Vmcs.Write(VmcsField32.ExceptionBitmap, 0);
        VmxGuest.Change(PrimaryControls.NmiWindowExiting, on: false);
        EntryControls entry = (EntryControls)Vmcs.Read(VmcsField32.EntryControls);
        if ((entry & EntryControls.LoadCet) != 0)
        {
            Vmcs.Write(VmcsFieldNatural.GuestSupervisorCet, 0);
            Vmcs.Write(VmcsFieldNatural.GuestShadowStackPointer, 0);
            Vmcs.Write(VmcsFieldNatural.GuestInterruptShadowStackTable, 0);
        }

        if ((entry & EntryControls.LoadBoundConfiguration) != 0)
        {
            Vmcs.Write(VmcsField64.GuestBoundConfiguration, 0);
        }

        // Translations of before are gone with INIT.
        if (((SecondaryControls)Vmcs.Read(VmcsField32.SecondaryControls) & SecondaryControls.EnableVpid) != 0)
        {
            Instructions.InvalidateVpid(SingleContext, GuestVpid);
        }

        Instructions.WriteCr2(0);
        Instructions.WriteDr6(InitState.Dr6);
    }

    /// <summary>Why the VMCS could not be entered; empty when nothing is wrong with it. The log names the field, too.</summary>
    public static ReadOnlySpan<byte> Problem(ProcessorData* processor)
    {
        VmcsViolation violation = VmcsCheck.Violation();
        if (violation.Exists)
        {
            Log.Begin(LogLevel.Error, processor->Index).Text("VM entry would fail: "u8).Text(violation.Field).Text(": "u8).Text(violation.Rule).End();
        }

        return violation.Rule;
    }

    private static void WriteOptional(VmxControls controls)
    {
        if ((controls.Secondary & SecondaryControls.EnableVpid) != 0)
        {
            Vmcs.Write(VmcsField16.Vpid, GuestVpid);
        }

        if ((controls.Secondary & SecondaryControls.EnableXsaves) != 0)
        {
            // Where Processor Trace is hidden, XRSTORS must not switch it on behind its MSRs either.
            Vmcs.Write(VmcsField64.XssExitingBitmap, controls.Hidden.Trace != 0 ? TraceState : 0);
        }

        if ((controls.Secondary & SecondaryControls.EnablePconfig) != 0)
        {
            Vmcs.Write(VmcsField64.PconfigExitingBitmap, 0);
        }
    }

    private static void CaptureOptional()
    {
        EntryControls entry = (EntryControls)Vmcs.Read(VmcsField32.EntryControls);
        if ((entry & EntryControls.LoadCet) != 0)
        {
            Vmcs.Write(VmcsFieldNatural.GuestSupervisorCet, Instructions.ReadMsr(Msr.SupervisorCet));
            Vmcs.Write(VmcsFieldNatural.GuestShadowStackPointer, 0);
            Vmcs.Write(VmcsFieldNatural.GuestInterruptShadowStackTable, Instructions.ReadMsr(Msr.InterruptShadowStackTable));
        }

        if ((entry & EntryControls.LoadBoundConfiguration) != 0)
        {
            Vmcs.Write(VmcsField64.GuestBoundConfiguration, Instructions.ReadMsr(Msr.BoundConfiguration));
        }

        if ((entry & EntryControls.LoadLastBranchControl) != 0)
        {
            Vmcs.Write(VmcsField64.GuestLastBranchControl, Instructions.ReadMsr(Msr.LastBranchControl));
        }

        if ((entry & EntryControls.LoadTraceControl) != 0)
        {
            // An entry that loads the register wants it off before (Intel SDM vol 3 §26.2.1.3).
            TraceControl trace = new(Instructions.ReadMsr(Msr.TraceControl));
            Vmcs.Write(VmcsField64.GuestTraceControl, trace.Value);
            Instructions.WriteMsr(Msr.TraceControl, trace.WithEnable(false).Value);
        }

        if ((entry & EntryControls.LoadProtectionKeys) != 0)
        {
            Vmcs.Write(VmcsField64.GuestProtectionKeys, Instructions.ReadMsr(Msr.SupervisorProtectionKeys));
        }
    }

    private static void SetLongMode(bool on)
    {
        EntryControls entry = (EntryControls)Vmcs.Read(VmcsField32.EntryControls);
        Vmcs.Write(VmcsField32.EntryControls, (uint)(on ? entry | EntryControls.Ia32eMode : entry & ~EntryControls.Ia32eMode));
    }

    /// <summary>A segment register that is not present is unusable; all others have been accessed, by being loaded (Intel SDM vol 3 §26.3.1.2).</summary>
    private static void WriteSegment(SegmentName name, SegmentState segment)
    {
        SegmentAttributes attributes = segment.Attributes;
        Vmcs.Write(Vmcs.Selector(name), segment.Selector.Value);
        Vmcs.Write(Vmcs.Base(name), segment.Base);
        Vmcs.Write(Vmcs.Limit(name), segment.Limit);
        uint rights = !attributes.Present
            ? UnusableSegment
            : new SegmentAttributes((ushort)(attributes.Value | (attributes.IsCodeOrData ? AccessedBit : 0))).VmxAccessRights;
        Vmcs.Write(Vmcs.AccessRights(name), rights);
    }

    /// <summary>Firmware runs without task state; an entry wants one all the same. STR still reads what it read.</summary>
    private static SegmentState Task(SegmentState task) =>
        task.Attributes.Present ? task : new SegmentState(task.Selector, 0, TaskStateLimit, new SegmentAttributes(BusyTaskState));
}
