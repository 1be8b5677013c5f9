namespace Hypervisor.Guests.Probe.Layout;

/// <summary>
/// Offsets in <c>RunContext</c>, for the stubs. The general registers stand first, eight bytes each, in the order of their encoding.
/// </summary>
public static class RunContextLayout
{
    /// <summary>RIP to start at.</summary>
    public const int Rip = 0x80;

    /// <summary>CS to start with.</summary>
    public const int Cs = 0x88;

    /// <summary>RFLAGS to start with.</summary>
    public const int RFlags = 0x90;

    /// <summary>RSP to start with.</summary>
    public const int Rsp = 0x98;

    /// <summary>SS to start with.</summary>
    public const int Ss = 0xA0;

    /// <summary>Stack pointer of the caller, to which leaving returns.</summary>
    public const int CallerRsp = 0xA8;
}
