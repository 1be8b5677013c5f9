using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>Writes the current VMCS into the log: every field that this host uses. Fields the processor does not have read as zero.</summary>
public static unsafe class VmcsDump
{
    /// <summary>Writes everything.</summary>
    public static void Write(ProcessorData* processor)
    {
        WriteExit(processor);
        WriteEvents(processor);
        WriteControls(processor);
        WriteGuest(processor);
        WriteSegments(processor);
        WriteGuestMsrs(processor);
        WriteHost(processor);
    }

    private static void WriteExit(ProcessorData* processor)
    {
        Line(processor, "    exit reason "u8).Hex(Vmcs.ReadOrZero(VmcsField32.ExitReason), 8)
            .Text(" qualification "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.ExitQualification), 16)
            .Text(" linear "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestLinearAddress), 16)
            .Text(" physical "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPhysicalAddress), 16).End();
        Line(processor, "    exit instruction: length "u8).Decimal(Vmcs.ReadOrZero(VmcsField32.ExitInstructionLength))
            .Text(" information "u8).Hex(Vmcs.ReadOrZero(VmcsField32.ExitInstructionInformation), 8).End();
    }

    private static void WriteEvents(ProcessorData* processor)
    {
        WriteEvent(processor, "    event at exit "u8, VmcsField32.ExitInterruptionInformation, VmcsField32.ExitInterruptionErrorCode);
        WriteEvent(processor, "    event being delivered "u8, VmcsField32.IdtVectoringInformation, VmcsField32.IdtVectoringErrorCode);
        WriteEvent(processor, "    event to inject "u8, VmcsField32.EntryInterruptionInformation, VmcsField32.EntryExceptionErrorCode);
    }

    private static void WriteEvent(ProcessorData* processor, ReadOnlySpan<byte> label, VmcsField32 information, VmcsField32 errorCode)
    {
        InterruptionInformation described = new(Vmcs.ReadOrZero(information));
        LogLine line = Line(processor, label).Hex(described.Value, 8);
        if (described.IsValid)
        {
            line = line.Text(" type "u8).Decimal((uint)described.Type).Text(" vector "u8).Decimal(described.Vector)
                .Text(" error code "u8).Hex(Vmcs.ReadOrZero(errorCode));
        }

        line.End();
    }

    private static void WriteControls(ProcessorData* processor)
    {
        VmcsControlNames.Write(processor);
        Line(processor, "    vpid "u8).Hex(Vmcs.ReadOrZero(VmcsField16.Vpid))
            .Text(" ept "u8).Hex(Vmcs.ReadOrZero(VmcsField64.EptPointer), 16)
            .Text(" exceptions "u8).Hex(Vmcs.ReadOrZero(VmcsField32.ExceptionBitmap), 8)
            .Text(" msr bitmaps "u8).Hex(Vmcs.ReadOrZero(VmcsField64.MsrBitmap))
            .Text(" i/o bitmaps "u8).Hex(Vmcs.ReadOrZero(VmcsField64.IoBitmapA)).Text(" "u8).Hex(Vmcs.ReadOrZero(VmcsField64.IoBitmapB)).End();
        Line(processor, "    cr0 mask "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.Cr0Mask), 8).Text(" shadow "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.Cr0Shadow), 8)
            .Text(", cr4 mask "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.Cr4Mask), 8).Text(" shadow "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.Cr4Shadow), 8)
            .Text(", tsc offset "u8).Hex(Vmcs.ReadOrZero(VmcsField64.TscOffset)).End();
    }

    private static void WriteGuest(ProcessorData* processor)
    {
        Line(processor, "    guest rip "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRip), 16).Text(" rsp "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRsp), 16)
            .Text(" rfl "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestRFlags), 8).Text(" dr7 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestDr7), 8).End();
        Line(processor, "    guest cr0 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr0), 8).Text(" cr3 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr3), 16)
            .Text(" cr4 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestCr4), 8).Text(" efer "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestEfer), 4).End();
        Line(processor, "    guest activity "u8).Decimal(Vmcs.ReadOrZero(VmcsField32.GuestActivityState))
            .Text(" interruptibility "u8).Hex(Vmcs.ReadOrZero(VmcsField32.GuestInterruptibility))
            .Text(" pending debug "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestPendingDebug))
            .Text(" link pointer "u8).Hex(Vmcs.ReadOrZero(VmcsField64.LinkPointer)).End();
        Line(processor, "    guest pdptes "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPdpte0)).Text(" "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPdpte1))
            .Text(" "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPdpte2)).Text(" "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPdpte3)).End();
    }

    private static void WriteSegments(ProcessorData* processor)
    {
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Tr; name++)
        {
            VmcsSegment segment = VmcsSegment.Read(name);
            LogLine line = Line(processor, "    "u8).Text(VmcsCheckGuestSegments.Name(name)).Text(" selector "u8).Hex(segment.Selector.Value, 4)
                .Text(" base "u8).Hex(segment.Base, 16).Text(" limit "u8).Hex(segment.Limit, 8).Text(" rights "u8).Hex(segment.Rights.Value, 5);
            if (!segment.Usable)
            {
                line = line.Text(", unusable"u8);
            }

            line.End();
        }

        Line(processor, "    guest gdtr base "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestGdtrBase), 16).Text(" limit "u8).Hex(Vmcs.ReadOrZero(VmcsField32.GuestGdtrLimit), 4)
            .Text(", idtr base "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestIdtrBase), 16).Text(" limit "u8).Hex(Vmcs.ReadOrZero(VmcsField32.GuestIdtrLimit), 4).End();
    }

    private static void WriteGuestMsrs(ProcessorData* processor)
    {
        Line(processor, "    guest pat "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestPat), 16).Text(" debugctl "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestDebugControl))
            .Text(" sysenter cs "u8).Hex(Vmcs.ReadOrZero(VmcsField32.GuestSysEnterCs)).Text(" esp "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestSysEnterEsp))
            .Text(" eip "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestSysEnterEip)).End();
        Line(processor, "    guest s_cet "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestSupervisorCet)).Text(" ssp "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.GuestShadowStackPointer))
            .Text(" pkrs "u8).Hex(Vmcs.ReadOrZero(VmcsField64.GuestProtectionKeys)).End();
    }

    private static void WriteHost(ProcessorData* processor)
    {
        Line(processor, "    host rip "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostRip), 16).Text(" rsp "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostRsp), 16)
            .Text(" cr0 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostCr0), 8).Text(" cr3 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostCr3), 8)
            .Text(" cr4 "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostCr4), 8).Text(" efer "u8).Hex(Vmcs.ReadOrZero(VmcsField64.HostEfer), 4).End();
        Line(processor, "    host cs "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostCsSelector), 4).Text(" ss "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostSsSelector), 4)
            .Text(" ds "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostDsSelector), 4).Text(" es "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostEsSelector), 4)
            .Text(" fs "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostFsSelector), 4).Text(" gs "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostGsSelector), 4)
            .Text(" tr "u8).Hex(Vmcs.ReadOrZero(VmcsField16.HostTrSelector), 4).Text(" pat "u8).Hex(Vmcs.ReadOrZero(VmcsField64.HostPat), 16).End();
        Line(processor, "    host tr base "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostTrBase), 16).Text(" gdtr "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostGdtrBase), 16)
            .Text(" idtr "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostIdtrBase), 16).Text(" fs "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostFsBase), 16)
            .Text(" gs "u8).Hex(Vmcs.ReadOrZero(VmcsFieldNatural.HostGsBase), 16).End();
    }

    private static LogLine Line(ProcessorData* processor, ReadOnlySpan<byte> label) => Log.Begin(LogLevel.Error, processor->Index).Text(label);
}
