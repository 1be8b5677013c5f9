using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Svm;

/// <summary>Non-maskable interrupts: kicks from other processors' hosts, and the guest's own, which are delivered as hardware would.</summary>
internal static unsafe class SvmNmi
{
    private const uint MostLatched = 2;

    /// <summary>
    /// An NMI came while the guest ran. It is still pending (AMD APM vol 2 §15.13.1): the host takes it, so that its entry counts it.
    /// </summary>
    internal static ExitCause Arrived(ProcessorData* processor, Vmcb* vmcb)
    {
        Instructions.OpenGlobalInterruptWindow();
        uint count = processor->NmiCount;
        uint arrived = count - processor->Nmi.Seen;
        processor->Nmi.Seen = count;
        if (Instructions.Exchange(&processor->Startup.Kick, 0) != 0)
        {
            // One of them was a kick. A second one that came at the same moment was merged with it by the processor, as two always are.
            arrived = arrived == 0 ? 0 : arrived - 1;
            Virtualization.Follow(processor);
        }

        // Asked for whether or not this was a kick: an INIT that the processor redirects can reach the host in the window above.
        if (new StartupRequest(processor->Startup.Request).IsInit)
        {
            GuestStartup.Init<SvmGuest>(processor);
            return ExitCause.Init;
        }

        // Two can arrive at one exit: one while the guest ran, one while the host took it. The second is latched behind the first.
        for (uint i = 0; i < arrived && i < MostLatched; i++)
        {
            Deliver(processor, vmcb);
        }

        return ExitCause.Nmi;
    }

    /// <summary>The handler of an NMI is about to return.</summary>
    internal static ExitCause Iret(ProcessorData* processor, Vmcb* vmcb)
    {
        vmcb->Intercepts1 &= ~SvmIntercepts1.Iret;
        processor->Nmi.AtIret = true;
        processor->Nmi.IretRip = SvmGuest.LinearRip(processor);
        if (processor->Nmi.Pending)
        {
            StepOverIret(processor);
        }

        return ExitCause.Iret;
    }

    /// <summary>The IRET that an NMI waited for has been executed.</summary>
    internal static void IretDone(ProcessorData* processor, Vmcb* vmcb)
    {
        processor->Nmi.SteppingIret = false;
        processor->Nmi.AtIret = false;
        processor->Nmi.InService = false;
        if (processor->Nmi.Pending)
        {
            processor->Nmi.Pending = false;
            Deliver(processor, vmcb);
        }
    }

    /// <summary>The step over the IRET that an NMI waits for was broken off: it is taken again, or, where the IRET has faulted, the blocking is over.</summary>
    internal static void StepAgain(ProcessorData* processor, Vmcb* vmcb)
    {
        NmiState* nmi = &processor->Nmi;
        if (!nmi->Pending || !nmi->AtIret || nmi->SteppingIret || SvmGuest.LinearRip(processor) != nmi->IretRip)
        {
            return;
        }

        if (new GuestEvent(vmcb->EventInjection).IsException)
        {
            IretDone(processor, vmcb);
        }
        else
        {
            StepOverIret(processor);
        }
    }

    private static void Deliver(ProcessorData* processor, Vmcb* vmcb)
    {
        if (processor->Nmi.InService && processor->Nmi.AtIret && !processor->Nmi.SteppingIret && SvmGuest.LinearRip(processor) != processor->Nmi.IretRip)
        {
            processor->Nmi.InService = false; // the IRET has completed since it exited
            processor->Nmi.AtIret = false;
        }

        if (!processor->Nmi.InService && new GuestEvent(vmcb->EventInjection).IsValid)
        {
            // Another event goes first. A real NMI, held back while the host runs, brings this one again right behind it.
            LocalApic.SendNmi(processor->ApicId);
            return;
        }

        if (!processor->Nmi.InService)
        {
            processor->Nmi.InService = true;
            processor->Nmi.AtIret = false;
            vmcb->EventInjection = GuestEvent.Nmi.Value;
            vmcb->Intercepts1 |= SvmIntercepts1.Iret;
            return;
        }

        processor->Nmi.Pending = true; // one is latched, more are not
        if (processor->Nmi.AtIret && !processor->Nmi.SteppingIret)
        {
            StepOverIret(processor);
        }
    }

    private static void StepOverIret(ProcessorData* processor)
    {
        processor->Nmi.SteppingIret = true;
        GuestDoors.Begin<SvmGuest>(processor);
    }
}
