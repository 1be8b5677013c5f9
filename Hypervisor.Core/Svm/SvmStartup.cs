using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>What INIT and SIPI do to the processor they were sent to.</summary>
public static unsafe class SvmStartup
{
    private const uint InitRedirected = 1;

    /// <summary>Runs on an application processor the host has just arrived on. Returns when the guest's first instruction can be executed.</summary>
    public static void Arrive(ProcessorData* processor)
    {
        Vmcb* vmcb = (Vmcb*)processor->GuestControl;
        SvmProcessor.Enable(processor);
        SvmProcessor.WriteControls(processor);
        vmcb->GuestPat = Instructions.ReadMsr(Msr.Pat);
        Instructions.Exchange(&processor->Startup.TakenOver, 1);
        Begin(processor);
    }

    /// <summary>The guest sent INIT: the processor leaves whatever it did and waits for SIPI. The bootstrap processor resets the machine .</summary>
    internal static void Init(ProcessorData* processor, Vmcb* vmcb)
    {
        if (LocalApic.Base.BootstrapProcessor)
        {
            Log.Write(LogLevel.Warning, processor->Index, "INIT for the bootstrap processor: the machine is reset"u8);
            MachineReset.Reset();
        }

        SvmStep.Shut(processor, vmcb);
        LocalApic.ResetAfterInit();
        Begin(processor);
    }

    /// <summary>#SX: an INIT that did not go through a trapped command. The sender's SIPI will: the trap is armed before it can.</summary>
    internal static ExitCause RedirectedInit(ProcessorData* processor, Vmcb* vmcb)
    {
        if ((uint)vmcb->ExitInfo1 != InitRedirected)
        {
            SvmGuest.Raise(vmcb, SvmEvent.Exception((byte)(SvmExitCode.ExceptionSx - SvmExitCode.Exception0), (uint)vmcb->ExitInfo1));
            return ExitCause.Other;
        }

        Instructions.Exchange(&processor->Startup.Request, StartupRequest.Init.Value);
        ApicTrap.ArmEverywhere(processor, startFollows: false);
        Init(processor, vmcb);
        return ExitCause.Init;
    }

    /// <summary>
    /// Waits for SIPI and enters the guest's first state. An INIT that comes again right behind the SIPI is seen before the guest goes on; one that comes later finds
    /// its kick untouched.
    /// </summary>
    private static void Begin(ProcessorData* processor)
    {
        byte vector;
        do
        {
            vector = ProcessorStartup.WaitForStartup(processor);
            DropPendingNmis(processor);
        }
        while (new StartupRequest(processor->Startup.Request).IsInit);

        SvmProcessor.LoadStartupState(processor, vector);
        SvmProcessor.BuildApicWindow(processor);
    }

    /// <summary>
    /// NMIs from before the INIT are gone with it (AMD APM vol 2 §14.1.3). One that has arrived was the kick, where there was one; a kick whose NMI is still on
    /// its way keeps its flag, by which it will be known.
    /// </summary>
    private static void DropPendingNmis(ProcessorData* processor)
    {
        uint before = processor->Nmi.Seen;
        Instructions.OpenGlobalInterruptWindow();
        processor->Nmi.Seen = processor->NmiCount;
        if (processor->NmiCount != before)
        {
            Instructions.Exchange(&processor->Startup.Kick, 0);
        }
    }
}
