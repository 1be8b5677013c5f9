using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// Non-maskable interrupts: kicks from other processors' hosts, and the guest's own. The processor remembers itself which one is in service
/// ("virtual NMIs"), and says by an exit when the next can be taken.
/// </summary>
public static unsafe class VmxNmi
{
    private const VmxInterruptibility Blocking = VmxInterruptibility.BlockingBySti | VmxInterruptibility.BlockingByMovSs | VmxInterruptibility.BlockingByNmi;

    /// <summary>An NMI came while the guest ran. It is not counted by the host's handler, which has not seen it.</summary>
    internal static ExitCause Exited(ProcessorData* processor)
    {
        // The exit leaves NMIs blocked in the host. Hardware lifts that at the next entry, Bochs 2.7 does not; IRET does on both.
        Instructions.UnblockNmis();
        uint inHost = processor->NmiCount - processor->Nmi.Seen;
        processor->Nmi.Seen += inHost;
        Arrived(processor, inHost + 1);
        return ExitCause.Nmi;
    }

    /// <summary>NMIs came while the host ran; called by the exit stub, which looks for them last.</summary>
    public static void ArrivedInHost(ProcessorData* processor)
    {
        uint inHost = processor->NmiCount - processor->Nmi.Seen;
        processor->Nmi.Seen += inHost;
        Arrived(processor, inHost);
        VmxGuest.FlushIfNeeded(processor);
    }

    /// <summary>The guest can take an NMI.</summary>
    internal static ExitCause Window(ProcessorData* processor)
    {
        VmxGuest.Change(PrimaryControls.NmiWindowExiting, on: false);
        Deliver(processor);
        return ExitCause.Nmi;
    }

    private static void Arrived(ProcessorData* processor, uint count)
    {
        if (Instructions.Exchange(&processor->Startup.Kick, 0) != 0)
        {
            // One of them was a kick. A second one that came at the same moment was merged with it by the processor, as two always are.
            count = count == 0 ? 0 : count - 1;
            Virtualization.Follow(processor);
        }

        if (new StartupRequest(processor->Startup.Request).IsInit)
        {
            GuestStartup.Init<VmxGuest>(processor);
            return;
        }

        // While one is in service, one is latched; else one is delivered and one latched behind it.
        bool inService = ((VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility) & VmxInterruptibility.BlockingByNmi) != 0;
        uint most = inService ? 1u : 2;
        uint waiting = processor->Nmi.Waiting + count;
        processor->Nmi.Waiting = waiting < most ? waiting : most;
        Deliver(processor);
    }

    private static void Deliver(ProcessorData* processor)
    {
        if (processor->Nmi.Waiting == 0)
        {
            return;
        }

        GuestEvent pending = GuestEvent.FromFields(Vmcs.Read(VmcsField32.EntryInterruptionInformation), 0);
        bool blocked = ((VmxInterruptibility)Vmcs.Read(VmcsField32.GuestInterruptibility) & Blocking) != 0;
        if (!pending.IsValid && !blocked)
        {
            VmxGuest.Inject(GuestEvent.Nmi);
            processor->Nmi.Waiting--;
        }

        if (processor->Nmi.Waiting != 0)
        {
            VmxGuest.Change(PrimaryControls.NmiWindowExiting, on: true);
        }
    }
}
