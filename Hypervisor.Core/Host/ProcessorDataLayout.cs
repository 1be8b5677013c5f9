namespace Hypervisor.Core.Host;

/// <summary>Offsets within <see cref="ProcessorData"/> that the machine-code stubs use; a test holds them against the struct.</summary>
public static class ProcessorDataLayout
{
    /// <summary>Guest general registers, 16 of 8 bytes.</summary>
    public const int Registers = 0x000;

    /// <summary>XMM0 to XMM5 of the guest: what the calling convention lets compiled code change.</summary>
    public const int Xmm = 0x080;

    /// <summary>Physical address of the guest control structure.</summary>
    public const int GuestControl = 0x0E0;

    /// <summary>Physical address of the host's VMSAVE area.</summary>
    public const int HostControl = 0x0E8;

    /// <summary>Count of NMIs that reached the host.</summary>
    public const int NmiCount = 0x0F0;

    /// <summary>Page table root of the host.</summary>
    public const int HostCr3 = 0x0F8;

    /// <summary>GDTR of the host, ten bytes.</summary>
    public const int Gdtr = 0x100;

    /// <summary>IDTR of the host, ten bytes.</summary>
    public const int Idtr = 0x110;

    /// <summary>CR4 of the host.</summary>
    public const int HostCr4 = 0x120;

    /// <summary>CR0 of the host.</summary>
    public const int HostCr0 = 0x128;

    /// <summary>The NMIs counted so far that have been dealt with: <see cref="Guest.NmiState.Seen"/>.</summary>
    public const int NmiSeen = 0x170;
}
