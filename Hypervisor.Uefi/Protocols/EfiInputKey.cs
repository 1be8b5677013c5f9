using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_INPUT_KEY (UEFI 2.10 §12.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EfiInputKey
{
    /// <summary>Key without a character.</summary>
    public ushort ScanCode;

    /// <summary>Character; 0 where there is none.</summary>
    public char Character;
}
