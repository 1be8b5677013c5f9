using System;
using System.Runtime;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Svm;
using Hypervisor.Core.Vmx;
using Internal.Runtime;

namespace Hypervisor.Uefi.Entry;

/// <summary>Where the host is entered: by the loader, by exits, by application processors and by faults.</summary>
public static unsafe class HostEntry
{
    /// <summary>In the copied image: builds the host and starts it. Returns only when that failed, with 0 and the problem in the parameters.</summary>
    public static uint Launch(BootParameters* parameters)
    {
        ObjectArena.Clear();
        MediatorComposition.Compose();
        MediatorSelection selection = default;
        HostOptions known = default; // the rest of the configuration has been read
        _ = ConfigurationParser.Parse(parameters->Mediators.Text, ref known, ref selection);
        parameters->Mediators.Wipe(); // they are in the driver, which the guest can read, and keys may be among them
        ReadOnlySpan<byte> problem = Virtualization.Launch(parameters);
        fixed (byte* text = problem)
        {
            parameters->Problem = text;
            parameters->ProblemLength = problem.Length;
        }

        return 0;
    }

    /// <summary>Called by the exit stub for CPUID, with the guest's XMM registers live.</summary>
    [RuntimeExport("SvmCpuidEntry")]
    public static uint SvmCpuidEntry(ProcessorData* processor, Vmcb* vmcb) => SvmExit.TryCpuid(processor, vmcb);

    /// <summary>Called by the exit stub for IN and OUT, with the guest's XMM registers live.</summary>
    [RuntimeExport("SvmPortEntry")]
    public static uint SvmPortEntry(ProcessorData* processor, Vmcb* vmcb) => SvmExit.TryPort(processor, vmcb);

    /// <summary>Called by the exit stub for every other exit.</summary>
    [RuntimeExport("SvmExitEntry")]
    public static void SvmExitEntry(ProcessorData* processor, Vmcb* vmcb) => SvmExit.Handle(processor, vmcb);

    /// <summary>Called by the exit stub for every exit of a VMX guest first, with the guest's XMM registers live.</summary>
    [RuntimeExport("VmxFastEntry")]
    public static uint VmxFastEntry(ProcessorData* processor, uint reason) => VmxExit.TryFast(processor, reason);

    /// <summary>Called by the exit stub for exits that did not go the short way.</summary>
    [RuntimeExport("VmxExitEntry")]
    public static void VmxExitEntry(ProcessorData* processor) => VmxExit.Handle(processor);

    /// <summary>Called by the exit stub when NMIs have come while the host ran.</summary>
    [RuntimeExport("VmxNmiEntry")]
    public static void VmxNmiEntry(ProcessorData* processor) => VmxNmi.ArrivedInHost(processor);

    /// <summary>Called by the exit stub when VMRESUME or VMLAUNCH has failed.</summary>
    [RuntimeExport("VmxFailureEntry")]
    public static void VmxFailureEntry(ProcessorData* processor) => VmxEntryFailure.ReportInstruction(processor);

    /// <summary>Called by the start-up code on the processor's own stack; goes on in the guest.</summary>
    [RuntimeExport("ApplicationProcessorEntry")]
    public static void ApplicationProcessor(ProcessorData* processor) => Virtualization.Arrive(processor);

    /// <summary>Called by the exception entries.</summary>
    [RuntimeExport("HostFaultEntry")]
    public static void Fault(ExceptionFrame* frame) => HostFault.Handle(frame);
}
