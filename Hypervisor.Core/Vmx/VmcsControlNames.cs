using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>Writes the controls of the current VMCS into the log by name, a few to a line. Bits without a name are those that the processor wants to be 1.</summary>
internal static unsafe class VmcsControlNames
{
    private const int Bits = 32;
    private const int NamesPerLine = 6;

    private enum Group
    {
        Pin,
        Primary,
        Secondary,
        Exit,
        Entry,
    }

    /// <summary>Writes all of them.</summary>
    internal static void Write(ProcessorData* processor)
    {
        Write(processor, Group.Pin, "    pin controls "u8, Vmcs.ReadOrZero(VmcsField32.PinControls));
        Write(processor, Group.Primary, "    primary controls "u8, Vmcs.ReadOrZero(VmcsField32.PrimaryControls));
        Write(processor, Group.Secondary, "    secondary controls "u8, Vmcs.ReadOrZero(VmcsField32.SecondaryControls));
        Write(processor, Group.Exit, "    exit controls "u8, Vmcs.ReadOrZero(VmcsField32.ExitControls));
        Write(processor, Group.Entry, "    entry controls "u8, Vmcs.ReadOrZero(VmcsField32.EntryControls));
    }

    private static void Write(ProcessorData* processor, Group group, ReadOnlySpan<byte> label, uint controls)
    {
        LogLine line = Log.Begin(LogLevel.Error, processor->Index).Text(label).Hex(controls, 8);
        int count = 0;
        for (int bit = 0; bit < Bits; bit++)
        {
            ReadOnlySpan<byte> name = (controls >> bit & 1) != 0 ? Name(group, 1u << bit) : default;
            if (name.Length == 0)
            {
                continue;
            }

            if (count != 0 && count % NamesPerLine == 0)
            {
                line.End();
                line = Log.Begin(LogLevel.Error, processor->Index).Text("       "u8);
            }

            line = line.Text(count % NamesPerLine == 0 ? " "u8 : ", "u8).Text(name);
            count++;
        }

        line.End();
    }

    private static ReadOnlySpan<byte> Name(Group group, uint control) => group switch
    {
        Group.Pin => Name((PinControls)control),
        Group.Primary => Name((PrimaryControls)control),
        Group.Secondary => Name((SecondaryControls)control),
        Group.Exit => Name((ExitControls)control),
        _ => Name((EntryControls)control),
    };

    private static ReadOnlySpan<byte> Name(PinControls control) => control switch
    {
        PinControls.ExternalInterruptExiting => "external interrupt exiting"u8,
        PinControls.NmiExiting => "NMI exiting"u8,
        PinControls.VirtualNmis => "virtual NMIs"u8,
        PinControls.PreemptionTimer => "preemption timer"u8,
        PinControls.PostedInterrupts => "posted interrupts"u8,
        _ => default,
    };

    private static ReadOnlySpan<byte> Name(PrimaryControls control) => control switch
    {
        PrimaryControls.InterruptWindowExiting => "interrupt window exiting"u8,
        PrimaryControls.UseTscOffsetting => "use TSC offsetting"u8,
        PrimaryControls.HltExiting => "HLT exiting"u8,
        PrimaryControls.InvlpgExiting => "INVLPG exiting"u8,
        PrimaryControls.MwaitExiting => "MWAIT exiting"u8,
        PrimaryControls.RdpmcExiting => "RDPMC exiting"u8,
        PrimaryControls.RdtscExiting => "RDTSC exiting"u8,
        PrimaryControls.Cr3LoadExiting => "CR3-load exiting"u8,
        PrimaryControls.Cr3StoreExiting => "CR3 store exiting"u8,
        PrimaryControls.TertiaryControls => "tertiary controls"u8,
        PrimaryControls.Cr8LoadExiting => "CR8 load exiting"u8,
        PrimaryControls.Cr8StoreExiting => "CR8 store exiting"u8,
        PrimaryControls.UseTprShadow => "use TPR shadow"u8,
        PrimaryControls.NmiWindowExiting => "NMI window exiting"u8,
        PrimaryControls.MovDrExiting => "MOV DR exiting"u8,
        PrimaryControls.UnconditionalIoExiting => "unconditional I/O exiting"u8,
        PrimaryControls.UseIoBitmaps => "use I/O bitmaps"u8,
        PrimaryControls.MonitorTrapFlag => "monitor trap flag"u8,
        PrimaryControls.UseMsrBitmaps => "use MSR bitmaps"u8,
        PrimaryControls.MonitorExiting => "MONITOR exiting"u8,
        PrimaryControls.PauseExiting => "PAUSE exiting"u8,
        PrimaryControls.SecondaryControls => "secondary controls"u8,
        _ => default,
    };

    private static ReadOnlySpan<byte> Name(SecondaryControls control) => control switch
    {
        SecondaryControls.VirtualizeApicAccesses => "virtualize APIC accesses"u8,
        SecondaryControls.EnableEpt => "enable EPT"u8,
        SecondaryControls.DescriptorTableExiting => "descriptor table exiting"u8,
        SecondaryControls.EnableRdtscp => "enable RDTSCP"u8,
        SecondaryControls.VirtualizeX2Apic => "virtualize x2APIC"u8,
        SecondaryControls.EnableVpid => "enable VPID"u8,
        SecondaryControls.WbinvdExiting => "WBINVD exiting"u8,
        SecondaryControls.UnrestrictedGuest => "unrestricted guest"u8,
        SecondaryControls.ApicRegisterVirtualization => "APIC register virtualization"u8,
        SecondaryControls.VirtualInterruptDelivery => "virtual interrupt delivery"u8,
        SecondaryControls.PauseLoopExiting => "PAUSE loop exiting"u8,
        SecondaryControls.RdrandExiting => "RDRAND exiting"u8,
        SecondaryControls.EnableInvpcid => "enable INVPCID"u8,
        SecondaryControls.EnableVmFunctions => "enable VM functions"u8,
        SecondaryControls.VmcsShadowing => "VMCS shadowing"u8,
        SecondaryControls.EnclsExiting => "ENCLS exiting"u8,
        SecondaryControls.RdseedExiting => "RDSEED exiting"u8,
        SecondaryControls.EnablePml => "enable PML"u8,
        SecondaryControls.EptViolationExceptions => "EPT violation exceptions"u8,
        SecondaryControls.ConcealFromTrace => "conceal from trace"u8,
        SecondaryControls.EnableXsaves => "enable XSAVES"u8,
        SecondaryControls.ModeBasedExecute => "mode based execute"u8,
        SecondaryControls.SubPageWrite => "sub page write"u8,
        SecondaryControls.TraceUsesGuestAddresses => "trace uses guest addresses"u8,
        SecondaryControls.UseTscScaling => "use TSC scaling"u8,
        SecondaryControls.EnableUserWait => "enable user wait"u8,
        SecondaryControls.EnablePconfig => "enable PCONFIG"u8,
        SecondaryControls.EnclvExiting => "ENCLV exiting"u8,
        SecondaryControls.BusLockDetection => "bus lock detection"u8,
        SecondaryControls.NotifyWindow => "notify window"u8,
        _ => default,
    };

    private static ReadOnlySpan<byte> Name(ExitControls control) => control switch
    {
        ExitControls.SaveDebugControls => "save debug controls"u8,
        ExitControls.Host64Bit => "64-bit host"u8,
        ExitControls.LoadPerformanceGlobalControl => "load performance global control"u8,
        ExitControls.AcknowledgeInterrupt => "acknowledge interrupt"u8,
        ExitControls.SavePat => "save PAT"u8,
        ExitControls.LoadPat => "load PAT"u8,
        ExitControls.SaveEfer => "save EFER"u8,
        ExitControls.LoadEfer => "load EFER"u8,
        ExitControls.SavePreemptionTimer => "save preemption timer"u8,
        ExitControls.ClearBoundConfiguration => "clear bound configuration"u8,
        ExitControls.ConcealFromTrace => "conceal from trace"u8,
        ExitControls.ClearTraceControl => "clear trace control"u8,
        ExitControls.LoadCet => "load CET"u8,
        ExitControls.LoadProtectionKeys => "load protection keys"u8,
        ExitControls.SecondaryControls => "secondary controls"u8,
        _ => default,
    };

    private static ReadOnlySpan<byte> Name(EntryControls control) => control switch
    {
        EntryControls.LoadDebugControls => "load debug controls"u8,
        EntryControls.Ia32eMode => "IA-32e mode"u8,
        EntryControls.EntryToSmm => "entry to SMM"u8,
        EntryControls.DeactivateDualMonitor => "deactivate dual monitor"u8,
        EntryControls.LoadPerformanceGlobalControl => "load performance global control"u8,
        EntryControls.LoadPat => "load PAT"u8,
        EntryControls.LoadEfer => "load EFER"u8,
        EntryControls.LoadBoundConfiguration => "load bound configuration"u8,
        EntryControls.ConcealFromTrace => "conceal from trace"u8,
        EntryControls.LoadTraceControl => "load trace control"u8,
        EntryControls.LoadCet => "load CET"u8,
        EntryControls.LoadProtectionKeys => "load protection keys"u8,
        _ => default,
    };
}
