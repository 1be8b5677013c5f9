using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL (UEFI 2.10 §12.4), as far as used.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiSimpleTextOutput
{
    /// <summary>Reset; not used.</summary>
    public void* Reset;

    /// <summary>Prints zero-terminated UTF-16.</summary>
    public delegate* unmanaged<EfiSimpleTextOutput*, char*, EfiStatus> OutputString;
}
