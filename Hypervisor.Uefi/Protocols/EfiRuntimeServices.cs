using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_RUNTIME_SERVICES (UEFI 2.10 §4.5): every entry up to the last in use in its place.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiRuntimeServices
{
    /// <summary>Header.</summary>
    public EfiTableHeader Header;

    private readonly void* _getTime;
    private readonly void* _setTime;
    private readonly void* _getWakeupTime;
    private readonly void* _setWakeupTime;
    private readonly void* _setVirtualAddressMap;
    private readonly void* _convertPointer;
    private readonly void* _getVariable;
    private readonly void* _getNextVariableName;
    private readonly void* _setVariable;
    private readonly void* _getNextHighMonotonicCount;

    /// <summary>Resets the machine or switches it off: kind, status, bytes of data, data. Does not return.</summary>
    public delegate* unmanaged<EfiResetType, EfiStatus, nuint, void*, void> ResetSystem;
}
