using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_RNG_PROTOCOL (UEFI 2.10 §37.5).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiRandom
{
    private readonly void* _getInfo;

    /// <summary>Random bytes: this, algorithm or null, their number, where they go.</summary>
    public delegate* unmanaged<EfiRandom*, EfiGuid*, nuint, byte*, EfiStatus> GetRandom;
}
