using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SHELL_PROTOCOL (UEFI Shell 2.2 §2.2), as far as used: every entry in its place.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiShell
{
    /// <summary>Mode of <see cref="OpenFileByName"/>: read.</summary>
    public const ulong ReadMode = 1;

    private readonly void* _execute;

    /// <summary>The value of an environment variable; the Shell's own memory.</summary>
    public delegate* unmanaged<char*, char*> GetEnvironment;

    private fixed ulong _setEnvironmentTo7[6];

    /// <summary>The whole device path of a file that is named as on a command line; the caller frees it.</summary>
    public delegate* unmanaged<char*, void*> GetDevicePathFromFilePath;

    private fixed ulong _getFilePathTo23[15];

    /// <summary>Opens a file: name, handle, mode.</summary>
    public delegate* unmanaged<char*, void**, ulong, EfiStatus> OpenFileByName;

    /// <summary>Closes a file.</summary>
    public delegate* unmanaged<void*, EfiStatus> CloseFile;

    private readonly void* _createFile;

    /// <summary>Reads: handle, size in and out, buffer.</summary>
    public delegate* unmanaged<void*, nuint*, void*, EfiStatus> ReadFile;
}
