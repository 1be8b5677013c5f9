using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SHELL_PARAMETERS_PROTOCOL (UEFI Shell 2.2 §2.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiShellParameters
{
    /// <summary>Arguments, the program's name first; zero-terminated UTF-16.</summary>
    public char** Arguments;

    /// <summary>Their number.</summary>
    public nuint Count;
}
