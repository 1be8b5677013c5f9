using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_FILE_PROTOCOL (UEFI 2.10 §13.5), as far as used.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiFile
{
    /// <summary>Mode of <see cref="Open"/>: read.</summary>
    public const ulong ReadMode = 1;

    /// <summary>Revision.</summary>
    public ulong Revision;

    /// <summary>Opens a file: this, handle, name, mode, attributes.</summary>
    public delegate* unmanaged<EfiFile*, EfiFile**, char*, ulong, ulong, EfiStatus> Open;

    /// <summary>Closes a file.</summary>
    public delegate* unmanaged<EfiFile*, EfiStatus> Close;

    private readonly void* _delete;

    /// <summary>Reads: this, size in and out, buffer.</summary>
    public delegate* unmanaged<EfiFile*, nuint*, void*, EfiStatus> Read;
}
