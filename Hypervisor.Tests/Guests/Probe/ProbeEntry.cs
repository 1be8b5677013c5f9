using System.Runtime;
using Hypervisor.Guests.Probe.Checks;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Reporting;
using Hypervisor.Guests.Probe.Stress;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe;

/// <summary>
/// Checks of everything a hypervisor has to leave as it is. The text on COM1 is the result: the same on a bare machine and behind hv. The
/// machine is put back as it was, and the firmware goes on.
/// </summary>
public static unsafe class ProbeEntry
{
    /// <summary>Entry point (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable)
    {
        Firmware firmware = new(imageHandle, systemTable);
        ProbeOptions options = ProbeOptions.Read(firmware.LoadedImage);
        ProbeMemory.Open(systemTable->BootServices);
        if (!Runner.Open() || !UserSpace.Open() || !HostileTargets.Open(systemTable->BootServices)
            || !HostileCommands.Allocate() || !ProcessorTables.Enter())
        {
            return EfiStatus.OutOfResources;
        }

        Report.Open();
        InterruptSources.Silence();
        if (options.StressRounds != 0)
        {
            StressRun.Run(options.StressRounds, options.Seed);
        }
        else if (options.HostileRounds != 0)
        {
            HostileRun.Run(options.HostileRounds, options.Seed, options.HostileKinds);
        }
        else if (options.ReservedBits)
        {
            SvmHiddenNotes.Run();
            MsrChecks.RunReserved();
            ControlRegisterChecks.RunReserved();
        }
        else
        {
            RunChecks();
        }

        InterruptSources.Restore();
        Report.Begin("done"u8);
        Report.End();
        ProcessorTables.Leave();
        return EfiStatus.Success;
    }

    private static void RunChecks()
    {
        SingleStepChecks.Run();
        ShadowChecks.Run();
        BreakpointChecks.Run();
        UndefinedChecks.Run();
        CpuidChecks.Run();
        SvmHiddenNotes.Run();
        CacheChecks.Run();
        ExtendedStateChecks.Run();
        MsrChecks.Run();
        ControlRegisterChecks.Run();
        NmiChecks.Run();
        ModeChecks.Run();
        TaskChecks.Run();
        RegisterChecks.Run();
        LocalApicChecks.Run();
    }
}
