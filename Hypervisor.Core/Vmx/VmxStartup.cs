using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// Processors that the guest starts, under VMX. Until the operating system has started them all, INIT and SIPI are delivered by the trap on interrupt commands, which
/// takes processors over at their first start. Then the trap goes for good, and INIT and SIPI are exits of the processor they were sent to (L9).
/// </summary>
public static unsafe class VmxStartup
{
    private const ulong VectorMask = 0xFF;

    /// <summary>Runs on an application processor the host has just arrived on. Returns when the guest's first instruction can be executed.</summary>
    public static void Arrive(ProcessorData* processor)
    {
        Enable(processor);
        GuestStartup.Arrive<VmxGuest>(processor);
        Virtualization.Follow(processor);
        VmxGuest.FlushIfNeeded(processor);
    }

    /// <summary>Runs on the processor that the firmware has woken from S3. Returns when the guest's first instruction can be executed.</summary>
    public static void Wake(ProcessorData* processor)
    {
        StartPoint start = SystemSleep.Wake(processor);
        VmxMsrBitmap.TrapInterruptCommands(processor->Machine->MsrPermissionMap, processor->Machine->ApicTrapWanted != 0);
        Enable(processor);
        GuestStartup.Enter<VmxGuest>(processor, start);
        VmxMemory.MtrrWritten(processor); // the firmware's, which need not be those from before
        Virtualization.Follow(processor);
        MediatorLife.Resume(processor);
        VmxGuest.FlushIfNeeded(processor);
    }

    private static void Enable(ProcessorData* processor)
    {
        if (!VmxProcessor.Enable(processor))
        {
            FailFast.Stop("a processor refuses VMXON"u8);
        }

        VmxProcessor.WriteControls(processor);
        VmxProcessor.WriteHostState(processor);
        VmxProcessor.WriteGuestDefaults();
    }

    /// <summary>
    /// INIT. As little as possible is done: a SIPI that comes before the processor waits for it is lost. Everything else is done when it comes.
    /// </summary>
    internal static void Init(ProcessorData* processor)
    {
        Instructions.Exchange(&processor->Startup.WaitsForSipi, 1);
        if (processor->Step.Active)
        {
            GuestDoors.Shut<VmxGuest>(processor);
        }

        Vmcs.Write(VmcsField32.GuestActivityState, (uint)VmxActivityState.WaitForSipi);
        Vmcs.Write(VmcsField32.GuestInterruptibility, 0);
        Vmcs.Write(VmcsFieldNatural.GuestPendingDebug, 0);
        VmxGuest.Change(PrimaryControls.NmiWindowExiting, on: false);
        processor->Nmi.Waiting = 0;
        processor->Exits.Count(ExitCause.Init);
        GuestStartup.ResetBootstrapProcessor(processor);
    }

    /// <summary>SIPI for a processor that waited for it.</summary>
    internal static ExitCause Sipi(ProcessorData* processor)
    {
        byte vector = (byte)(Vmcs.Read(VmcsFieldNatural.ExitQualification) & VectorMask);
        Instructions.UnblockNmis(); // up to Bochs 3.0 the wait for SIPI leaves them blocked
        LocalApicInit.Reset<VmxGuest>();
        GuestStartup.EnterFirstState<VmxGuest>(processor, vector);
        ApicTrap.ProcessorStarted(processor);
        Instructions.Exchange(&processor->Startup.WaitsForSipi, 0);
        Virtualization.Follow(processor); // from here on others wait for it
        return ExitCause.Sipi;
    }
}
