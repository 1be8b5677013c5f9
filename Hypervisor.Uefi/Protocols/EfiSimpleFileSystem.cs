using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SIMPLE_FILE_SYSTEM_PROTOCOL (UEFI 2.10 §13.4).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiSimpleFileSystem
{
    /// <summary>Revision.</summary>
    public ulong Revision;

    /// <summary>Opens the root folder.</summary>
    public delegate* unmanaged<EfiSimpleFileSystem*, EfiFile**, EfiStatus> OpenVolume;
}
