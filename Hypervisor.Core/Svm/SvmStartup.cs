using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Svm;

/// <summary>Processors that the guest starts, under SVM.</summary>
public static unsafe class SvmStartup
{
    private const uint InitRedirected = 1;

    /// <summary>Runs on an application processor the host has just arrived on. Returns when the guest's first instruction can be executed.</summary>
    public static void Arrive(ProcessorData* processor)
    {
        SvmProcessor.Enable(processor);
        SvmProcessor.WriteControls(processor);
        ((Vmcb*)processor->GuestControl)->GuestPat = Instructions.ReadMsr(Msr.Pat);
        GuestStartup.Arrive<SvmGuest>(processor);
        Virtualization.Follow(processor);
    }

    /// <summary>Runs on the processor that the firmware has woken from S3. Returns when the guest's first instruction can be executed.</summary>
    public static void Wake(ProcessorData* processor)
    {
        StartPoint start = SystemSleep.Wake(processor);
        SvmProcessor.Enable(processor);
        SvmProcessor.WriteControls(processor);
        ((Vmcb*)processor->GuestControl)->GuestPat = Instructions.ReadMsr(Msr.Pat);
        GuestStartup.Enter<SvmGuest>(processor, start);
        Virtualization.Follow(processor);
        MediatorLife.Resume(processor);
    }

    /// <summary>#SX: an INIT that did not go through a trapped command. The sender's SIPI will: the trap is armed before it can.</summary>
    internal static ExitCause RedirectedInit(ProcessorData* processor, Vmcb* vmcb)
    {
        if ((uint)vmcb->ExitInfo1 != InitRedirected)
        {
            SvmGuest.Raise(processor, GuestEvent.Exception((byte)(SvmExitCode.ExceptionSx - SvmExitCode.Exception0), (uint)vmcb->ExitInfo1));
            return ExitCause.Other;
        }

        Instructions.Exchange(&processor->Startup.Request, StartupRequest.Init.Value);
        ApicTrap.ArmEverywhere(processor, startFollows: false);
        GuestStartup.Init<SvmGuest>(processor);
        return ExitCause.Init;
    }
}
