using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>Instructions without a device behind them.</summary>
public static unsafe class InstructionExits
{
    /// <summary>CPUID, where it did not go the short way.</summary>
    public static ExitCause Cpuid<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        uint leaf = (uint)processor->Registers.Rax;
        uint subleaf = Instructions.CpuidForGuest(&processor->Registers);
        CpuidPolicy.Adjust<TGuest>(leaf, subleaf, processor);
        if (processor->Machine->CpuidClaimed != 0)
        {
            CpuidTraps.Adjust(processor, leaf, subleaf);
        }

        TGuest.Advance(processor, TGuest.InstructionLength(processor));
        return ExitCause.Cpuid;
    }

    /// <summary>XSETBV: the value is validated and loaded; a bad one is #GP(0) (C5, R-25).</summary>
    public static ExitCause Xsetbv<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        if (TryXsetbv(processor))
        {
            TGuest.Advance(processor, TGuest.InstructionLength(processor));
        }
        else
        {
            GuestFault.RaiseGeneralProtection<TGuest>(processor);
        }

        return ExitCause.Xsetbv;
    }

    /// <summary>Does what XSETBV does, but for the end of the instruction.</summary>
    /// <returns>False when it faults: nothing has been changed.</returns>
    public static bool TryXsetbv(ProcessorData* processor)
    {
        GuestRegisters* registers = &processor->Registers;
        MachineData* machine = processor->Machine;
        ulong value = MsrPolicy.Operand(processor);
        if ((uint)registers->Rcx == 0 && value == machine->AcceptedXcr0 && value != 0)
        {
            return Instructions.TryWriteXcr(0, value) != 0;
        }

        if (!XsetbvRules.IsAllowed((uint)registers->Rcx, new Xcr0(value), new Xcr0(machine->SupportedXcr0)) || Instructions.TryWriteXcr(0, value) == 0)
        {
            return false;
        }

        machine->AcceptedXcr0 = value; // systems write one value over and over
        return true;
    }

    /// <summary>INVD would throw away what the host has written: its modified lines are written back instead (C9).</summary>
    public static ExitCause Invd<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        Instructions.WriteBackInvalidate();
        TGuest.Advance(processor, TGuest.InstructionLength(processor));
        return ExitCause.Invd;
    }

    /// <summary>VMCALL or VMMCALL: a call with the right signature is the host's own interface; any other is #UD (C11).</summary>
    public static ExitCause HypercallInstruction<TGuest>(ProcessorData* processor, uint length)
        where TGuest : struct, IGuestProcessor
    {
        if (Hypercall.Handle(processor, TGuest.Privilege(processor), TGuest.Rip(processor)))
        {
            TGuest.Advance(processor, length);
        }
        else
        {
            GuestFault.RaiseUndefined<TGuest>(processor);
        }

        return ExitCause.Hypercall;
    }

    /// <summary>An instruction of the virtualisation extension: what a processor without it does (R-72, C11).</summary>
    public static ExitCause Undefined<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
    {
        GuestFault.RaiseUndefined<TGuest>(processor);
        return ExitCause.VirtualizationInstruction;
    }
}
