using Hypervisor.Core.Host;

namespace Hypervisor.Core.Guest;

/// <summary>The exceptions that exit handlers raise most.</summary>
public static unsafe class GuestFault
{
    /// <summary>#DB.</summary>
    public const byte Debug = 1;

    /// <summary>#UD.</summary>
    public const byte Undefined = 6;

    /// <summary>#GP.</summary>
    public const byte GeneralProtection = 13;

    /// <summary>#PF.</summary>
    public const byte PageFault = 14;

    /// <summary>Raises #UD.</summary>
    public static void RaiseUndefined<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor => TGuest.Raise(processor, GuestEvent.Exception(Undefined));

    /// <summary>Raises #GP(0).</summary>
    public static void RaiseGeneralProtection<TGuest>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor => TGuest.Raise(processor, GuestEvent.Exception(GeneralProtection, 0));
}
