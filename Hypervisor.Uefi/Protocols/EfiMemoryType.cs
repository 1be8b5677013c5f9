namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_MEMORY_TYPE (UEFI 2.10 §7.2.1), the values used.</summary>
public enum EfiMemoryType : uint
{
    /// <summary>Never used by firmware or OS.</summary>
    Reserved = 0,

    /// <summary>Code of loaded applications.</summary>
    LoaderCode = 1,

    /// <summary>Code of boot-time drivers: always executable.</summary>
    BootServicesCode = 3,

    /// <summary>Data of boot-time drivers.</summary>
    BootServicesData = 4,

    /// <summary>Free memory.</summary>
    Conventional = 7,

    /// <summary>ACPI tables: free once the OS has read them.</summary>
    AcpiReclaim = 9,

    /// <summary>What ACPI firmware keeps while the OS runs.</summary>
    AcpiNonVolatile = 10,

    /// <summary>Memory that keeps what it holds.</summary>
    Persistent = 14,
}
