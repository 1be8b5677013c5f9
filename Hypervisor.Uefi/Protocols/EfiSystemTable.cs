using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SYSTEM_TABLE (UEFI 2.10 §4.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiSystemTable
{
    /// <summary>Header.</summary>
    public EfiTableHeader Header;

    /// <summary>Vendor of the firmware, zero-terminated UTF-16.</summary>
    public char* FirmwareVendor;

    /// <summary>Revision of the firmware.</summary>
    public uint FirmwareRevision;

    /// <summary>Handle of the console input device.</summary>
    public void* ConsoleInHandle;

    /// <summary>Console input.</summary>
    public EfiSimpleTextInput* ConIn;

    /// <summary>Handle of the console output device.</summary>
    public void* ConsoleOutHandle;

    /// <summary>Console output.</summary>
    public EfiSimpleTextOutput* ConOut;

    /// <summary>Handle of the error device.</summary>
    public void* StandardErrorHandle;

    /// <summary>Error output.</summary>
    public EfiSimpleTextOutput* StdErr;

    /// <summary>Runtime services.</summary>
    public EfiRuntimeServices* RuntimeServices;

    /// <summary>Boot services, gone after ExitBootServices.</summary>
    public EfiBootServices* BootServices;

    /// <summary>Number of configuration tables.</summary>
    public nuint NumberOfTableEntries;

    /// <summary>Configuration tables: ACPI root pointer and others.</summary>
    public EfiConfigurationTable* ConfigurationTable;
}
