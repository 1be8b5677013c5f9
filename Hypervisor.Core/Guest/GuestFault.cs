using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest;

/// <summary>The exceptions that exit handlers raise most.</summary>
public static unsafe class GuestFault
{
    /// <summary>Raises #UD.</summary>
    public static void RaiseUndefined<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor => TGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.Undefined));

    /// <summary>Raises #GP(0).</summary>
    public static void RaiseGeneralProtection<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor => TGuest.Raise(processor, GuestEvent.Exception(ExceptionVector.GeneralProtection, 0));
}
