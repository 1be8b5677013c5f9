using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Answers the calls of <see cref="HypercallProtocol"/>. Whoever may not ask finds an undefined instruction, as if there were no host (C11).</summary>
public static unsafe class Hypercall
{
    /// <summary>Answers a call.</summary>
    /// <param name="processor">The calling processor, its registers complete.</param>
    /// <param name="privilege">CPL of the caller.</param>
    /// <param name="rip">RIP of the caller.</param>
    /// <returns>False when it is no call the host knows or allows.</returns>
    public static bool Handle(ProcessorData* processor, int privilege, ulong rip)
    {
        if (processor->Registers.Rax != HypercallProtocol.Signature)
        {
            return false;
        }

        MachineData* machine = processor->Machine;
        HypercallFunction function = (HypercallFunction)processor->Registers.Rcx;
        switch (function)
        {
            case HypercallFunction.ExitBootServices:
            case HypercallFunction.VirtualAddressChange:
            case HypercallFunction.Attach:
                return IsDriver(machine, privilege, rip) && Notice(processor, function);

            case HypercallFunction.ExitCount:
            case HypercallFunction.Processors:
                return machine->StatusHypercall && Count(processor, function);

            case HypercallFunction.Challenge:
                return machine->Key.IsSet && HypercallAccess.Challenge(processor);

            default:
                return function >= HypercallFunction.FirstAuthenticated && machine->Key.IsSet
                    && HypercallAccess.IsAuthentic(processor) && HypercallReports.Answer(processor);
        }
    }

    private static bool IsDriver(MachineData* machine, int privilege, ulong rip) => privilege == 0 && rip - machine->DriverBase < machine->DriverSize;

    /// <summary>What the driver tells, each thing once.</summary>
    private static bool Notice(ProcessorData* processor, HypercallFunction function)
    {
        MachineData* machine = processor->Machine;
        uint* told = function switch
        {
            HypercallFunction.ExitBootServices => &machine->BootServicesExited,
            HypercallFunction.Attach => &machine->MediatorsAttached,
            _ => &machine->OperatingSystemRuns,
        };
        if (*told != 0 || (function == HypercallFunction.Attach && machine->BootServicesExited != 0))
        {
            return false;
        }

        *told = 1;
        switch (function)
        {
            case HypercallFunction.ExitBootServices:
                processor->Startup.StartedByOs = 1;
                Log.Write(LogLevel.Information, processor->Index, "boot services have exited"u8);
                MediatorLife.ExitBootServices(processor);
                machine->ScratchSize = 0; // the operating system's now
                break;
            case HypercallFunction.Attach:
                MediatorLife.Attach(processor);
                break;
            default:
                Log.Write(LogLevel.Information, processor->Index, "an operating system has taken over"u8);
                break;
        }

        processor->Registers.Rax = 0;
        return true;
    }

    /// <summary>The two functions for tests, which no secret guards.</summary>
    private static bool Count(ProcessorData* processor, HypercallFunction function)
    {
        GuestRegisters* registers = &processor->Registers;
        MachineData* machine = processor->Machine;
        if (registers->Rdx >= machine->ProcessorCount)
        {
            return false;
        }

        ProcessorData* asked = machine->Processors[registers->Rdx].Data;
        if (function == HypercallFunction.Processors)
        {
            registers->Rax = machine->ProcessorCount;
            registers->Rdx = asked->Startup.Starts;
            return true;
        }

        if (registers->R8 >= (ulong)ExitCause.Last)
        {
            return false;
        }

        registers->Rax = asked->Exits.Read((ExitCause)registers->R8);
        return true;
    }
}
