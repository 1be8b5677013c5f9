using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest.Exits;

/// <summary>Instructions without a device behind them.</summary>
public static unsafe class InstructionExits
{
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
