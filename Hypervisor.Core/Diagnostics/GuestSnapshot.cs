namespace Hypervisor.Core.Diagnostics;

/// <summary>The guest's registers that a report shows, whichever vendor's control structure holds them.</summary>
public struct GuestSnapshot
{
    /// <summary>RIP.</summary>
    public ulong Rip;

    /// <summary>RSP.</summary>
    public ulong Rsp;

    /// <summary>RFLAGS.</summary>
    public ulong RFlags;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR3.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>EFER.</summary>
    public ulong Efer;

    /// <summary>Selector of CS.</summary>
    public ushort Cs;

    /// <summary>Current privilege level.</summary>
    public byte Cpl;
}
