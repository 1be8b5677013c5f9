using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_RUNTIME_SERVICES (UEFI 2.10 §4.5): every entry up to the last in use in its place.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiRuntimeServices
{
    /// <summary>Header.</summary>
    public EfiTableHeader Header;

    /// <summary>The time of day: where it goes, and what the clock can do or null.</summary>
    public delegate* unmanaged<EfiTime*, void*, EfiStatus> GetTime;

    private readonly void* _setTime;
    private readonly void* _getWakeupTime;
    private readonly void* _setWakeupTime;
    private readonly void* _setVirtualAddressMap;
    private readonly void* _convertPointer;

    /// <summary>Reads a variable: name, vendor, attributes, size in and out, data.</summary>
    public delegate* unmanaged<char*, EfiGuid*, EfiVariableAttributes*, nuint*, void*, EfiStatus> GetVariable;

    private readonly void* _getNextVariableName;

    /// <summary>Writes a variable, or with no data deletes it: name, vendor, attributes, size, data.</summary>
    public delegate* unmanaged<char*, EfiGuid*, EfiVariableAttributes, nuint, void*, EfiStatus> SetVariable;

    private readonly void* _getNextHighMonotonicCount;

    /// <summary>Resets the machine or switches it off: kind, status, bytes of data, data. Does not return.</summary>
    public delegate* unmanaged<EfiResetType, EfiStatus, nuint, void*, void> ResetSystem;
}
