using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Host;

/// <summary>An exception in the host.</summary>
public static unsafe class HostFault
{
    private const ulong SecurityException = 30;

    /// <summary>
    /// Resumes where a fault was to be expected, takes note of a redirected INIT, and reports everything else and stops the processor.
    /// </summary>
    public static void Handle(ExceptionFrame* frame)
    {
        ProcessorData* processor = Current(frame);
        MachineData* machine = processor->Machine;
        if (frame->Rip >= machine->FaultableBegin && frame->Rip < machine->FaultableEnd)
        {
            // These stubs hold nothing on the stack but their return address: they return 0.
            frame->Rip = *(ulong*)frame->Rsp;
            frame->Rsp += sizeof(ulong);
            frame->Rax = 0;
            return;
        }

        if (frame->Vector == SecurityException)
        {
            // INIT, redirected; the exit that opened the window to it looks at the request next.
            Instructions.Exchange(&processor->Startup.Request, StartupRequest.Init.Value);
            ApicTrap.ArmEverywhere(processor, startFollows: false);
            return;
        }

        Containment.EndCall(processor, (byte)frame->Vector, frame->Rip);
        if (Instructions.Exchange(&machine->FaultReported, 1) == 0)
        {
            FaultReport.Write(frame, processor);
        }

        Instructions.Halt();
    }

    /// <summary>The processor whose stack holds <paramref name="frame"/>: blocks are aligned to their size.</summary>
    private static ProcessorData* Current(ExceptionFrame* frame) =>
        (ProcessorData*)(((ulong)frame & ~(ulong)(ProcessorBlock.Size - 1)) + ProcessorBlock.Data);
}
