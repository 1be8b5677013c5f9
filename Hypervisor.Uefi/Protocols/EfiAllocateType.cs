namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_ALLOCATE_TYPE (UEFI 2.10 §7.2.1).</summary>
public enum EfiAllocateType : uint
{
    /// <summary>Anywhere.</summary>
    AnyPages = 0,

    /// <summary>Ending at or below the given address.</summary>
    MaxAddress = 1,

    /// <summary>Exactly at the given address.</summary>
    Address = 2,
}
