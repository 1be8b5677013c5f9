using System;
using System.Runtime;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;

namespace Hypervisor.Uefi.Entry;

/// <summary>Where the host is entered: by the loader, by exits, by application processors and by faults.</summary>
public static unsafe class HostEntry
{
    /// <summary>In the copied image: builds the host and starts it. Returns only when that failed, with 0 and the problem in the parameters.</summary>
    public static uint Launch(BootParameters* parameters)
    {
        ReadOnlySpan<byte> problem = SvmMachine.Launch(parameters);
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

    /// <summary>Called by the exit stub for every other exit.</summary>
    [RuntimeExport("SvmExitEntry")]
    public static void SvmExitEntry(ProcessorData* processor, Vmcb* vmcb) => SvmExit.Handle(processor, vmcb);

    /// <summary>Called by the start-up code on the processor's own stack; goes on in the guest.</summary>
    [RuntimeExport("ApplicationProcessorEntry")]
    public static void ApplicationProcessor(ProcessorData* processor)
    {
        SvmStartup.Arrive(processor);
        Instructions.SvmRun(processor);
    }

    /// <summary>Called by the exception entries.</summary>
    [RuntimeExport("HostFaultEntry")]
    public static void Fault(ExceptionFrame* frame) => HostFault.Handle(frame);
}
