using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_CONFIGURATION_TABLE (UEFI 2.10 §4.6).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiConfigurationTable
{
    /// <summary>What the table is.</summary>
    public EfiGuid VendorGuid;

    /// <summary>Where it is.</summary>
    public void* VendorTable;
}
