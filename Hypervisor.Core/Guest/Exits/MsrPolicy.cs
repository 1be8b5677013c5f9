using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>What both vendors do alike with MSRs that exit: the local APIC's, and all those without a policy, which pass with fault fix-up .</summary>
public static unsafe class MsrPolicy
{
    /// <summary>Reads an MSR for the guest.</summary>
    /// <returns>False for #GP.</returns>
    public static bool TryRead(ProcessorData* processor, uint msr)
    {
        ulong value = 0;
        Verdict verdict = MsrTraps.Ask(processor, msr, isWrite: false, ref value);
        if (verdict == Verdict.Deny || (verdict == Verdict.Pass && Instructions.TryReadMsr(msr, &value) == 0))
        {
            return false;
        }

        SetResult(processor, value);
        return true;
    }

    /// <summary>Gives the guest the result of RDMSR.</summary>
    public static void SetResult(ProcessorData* processor, ulong value)
    {
        processor->Registers.Rax = (uint)value;
        processor->Registers.Rdx = value >> 32;
    }

    /// <summary>The operand of the guest's WRMSR.</summary>
    public static ulong Operand(ProcessorData* processor) => (processor->Registers.Rdx << 32) | (uint)processor->Registers.Rax;

    /// <summary>Writes an MSR for the guest.</summary>
    /// <returns>False for #GP.</returns>
    public static bool TryWrite<TGuest>(ProcessorData* processor, uint msr, ulong value)
        where TGuest : struct, IGuestProcessor => MsrTraps.Ask(processor, msr, isWrite: true, ref value) switch
        {
            Verdict.Deny => false,
            Verdict.Done => true,
            _ => TryWriteHardware<TGuest>(processor, msr, value),
        };

    /// <summary>Completes RDMSR or WRMSR.</summary>
    public static ExitCause Complete<TGuest>(ProcessorData* processor, bool write, bool done)
        where TGuest : struct, IGuestProcessor
    {
        if (done)
        {
            TGuest.Advance(processor, TGuest.InstructionLength(processor));
        }
        else
        {
            GuestFault.RaiseGeneralProtection<TGuest>(processor);
        }

        return write ? ExitCause.MsrWrite : ExitCause.MsrRead;
    }

    private static bool TryWriteHardware<TGuest>(ProcessorData* processor, uint msr, ulong value)
        where TGuest : struct, IGuestProcessor => msr switch
        {
            Msr.ApicBase => TryWriteApicBase<TGuest>(processor, value),
            Msr.X2ApicInterruptCommand => TryWriteInterruptCommand<TGuest>(processor, value),
            _ => Instructions.TryWriteMsr(msr, value) != 0,
        };

    private static bool TryWriteInterruptCommand<TGuest>(ProcessorData* processor, ulong value)
        where TGuest : struct, IGuestProcessor
    {
        if (ApicTrap.ShouldDrop(processor))
        {
            TGuest.DropCommandTrap(processor);
        }

        bool passes = !LocalApic.Base.IsX2Apic || ProcessorStartup.Send(processor, InterruptCommand.FromX2Apic(value));
        return !passes || Instructions.TryWriteMsr(Msr.X2ApicInterruptCommand, value) != 0;
    }

    /// <summary>The page may move, or give way to x2APIC mode: the trap goes with it (C12, R-38).</summary>
    private static bool TryWriteApicBase<TGuest>(ProcessorData* processor, ulong value)
        where TGuest : struct, IGuestProcessor
    {
        ulong page = new ApicBase(value).PageAddress;
        MachineData* machine = processor->Machine;
        if (page - machine->RegionBase < machine->RegionSize || page >= NestedTables.End(machine->PhysicalAddressBits))
        {
            // Over the host's memory the page would hide the host's data from the host itself.
            Log.Begin(LogLevel.Warning, processor->Index).Text("local APIC base "u8).Hex(value).Text(" lies in or beyond the memory of hv: #GP"u8).End();
            return false;
        }

        if (Instructions.TryWriteMsr(Msr.ApicBase, value) == 0)
        {
            return false;
        }

        ApicTrap.BuildWindow<TGuest>(processor);
        return true;
    }
}
