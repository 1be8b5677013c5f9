using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Diagnostics;

/// <summary>
/// The calls a guest may make of the host with VMMCALL or VMCALL: RAX holds <see cref="Signature"/>, RCX the function. Anything else is #UD, as if there
/// were no host (C11).
/// </summary>
public static unsafe class Hypercall
{
    /// <summary>RAX of every call: "hv-call\0" in ASCII, first letter lowest.</summary>
    public const ulong Signature = 0x006C_6C61_632D_7668;

    /// <summary>Functions.</summary>
    public enum Function : ulong
    {
        /// <summary>The driver's notice that boot services are gone; only from the driver, in kernel mode.</summary>
        ExitBootServices = 1,

        /// <summary>Number of exits: RDX = processor, R8 = cause; the count comes back in RAX. From any mode, where status is switched on.</summary>
        ExitCount = 2,

        /// <summary>The driver's notice that an operating system sets the virtual addresses of runtime services; only from the driver, in kernel mode.</summary>
        VirtualAddressChange = 4,

        /// <summary>The driver asks for mediators to be attached, once it is a guest; only from the driver, in kernel mode, before boot services end.</summary>
        Attach = 5,

        /// <summary>Number of processors and of starts: RDX = processor; RAX = processors, RDX = starts of that one.</summary>
        Processors = 3,
    }

    /// <summary>Answers a call.</summary>
    /// <param name="processor">The calling processor, its registers complete.</param>
    /// <param name="privilege">CPL of the caller.</param>
    /// <param name="rip">RIP of the caller.</param>
    /// <returns>False when it is no call the host knows or allows.</returns>
    public static bool Handle(ProcessorData* processor, int privilege, ulong rip)
    {
        GuestRegisters* registers = &processor->Registers;
        if (registers->Rax != Signature)
        {
            return false;
        }

        MachineData* machine = processor->Machine;
        switch ((Function)registers->Rcx)
        {
            case Function.ExitBootServices:
                if (!IsDriver(machine, privilege, rip) || machine->BootServicesExited != 0)
                {
                    return false;
                }

                machine->BootServicesExited = 1;
                processor->Startup.StartedByOs = 1;
                Log.Write(LogLevel.Information, processor->Index, "boot services have exited"u8);
                MediatorLife.ExitBootServices(processor);
                machine->ScratchSize = 0;
                registers->Rax = 0;
                return true;

            case Function.Attach:
                if (!IsDriver(machine, privilege, rip) || machine->MediatorsAttached != 0 || machine->BootServicesExited != 0)
                {
                    return false;
                }

                machine->MediatorsAttached = 1;
                MediatorLife.Attach(processor);
                registers->Rax = 0;
                return true;

            case Function.VirtualAddressChange:
                if (!IsDriver(machine, privilege, rip) || machine->OperatingSystemRuns != 0)
                {
                    return false;
                }

                machine->OperatingSystemRuns = 1;
                Log.Write(LogLevel.Information, processor->Index, "an operating system has taken over"u8);
                registers->Rax = 0;
                return true;

            case Function.ExitCount:
                if (!machine->StatusHypercall || registers->Rdx >= machine->ProcessorCount || registers->R8 >= (ulong)ExitCause.Last)
                {
                    return false;
                }

                registers->Rax = machine->Processors[registers->Rdx].Data->Exits.Read((ExitCause)registers->R8);
                return true;

            case Function.Processors:
                if (!machine->StatusHypercall || registers->Rdx >= machine->ProcessorCount)
                {
                    return false;
                }

                registers->Rax = machine->ProcessorCount;
                registers->Rdx = machine->Processors[registers->Rdx].Data->Startup.Starts;
                return true;

            default:
                return false;
        }
    }

    private static bool IsDriver(MachineData* machine, int privilege, ulong rip) => privilege == 0 && rip - machine->DriverBase < machine->DriverSize;
}
