namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_RESET_TYPE (UEFI 2.10 §8.5.1).</summary>
public enum EfiResetType : uint
{
    /// <summary>Everything as after power-on.</summary>
    Cold = 0,

    /// <summary>The processors, and what else the platform chooses.</summary>
    Warm = 1,

    /// <summary>Power off.</summary>
    Shutdown = 2,
}
