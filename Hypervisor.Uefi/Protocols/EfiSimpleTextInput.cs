using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_SIMPLE_TEXT_INPUT_PROTOCOL (UEFI 2.10 §12.3).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiSimpleTextInput
{
    /// <summary>Resets the device and forgets what was typed: this, whether to test the device.</summary>
    public delegate* unmanaged<EfiSimpleTextInput*, byte, EfiStatus> Reset;

    /// <summary>The next key; an error where none was pressed: this, key.</summary>
    public delegate* unmanaged<EfiSimpleTextInput*, EfiInputKey*, EfiStatus> ReadKeyStroke;

    /// <summary>Event that is signalled when there is a key.</summary>
    public void* WaitForKey;
}
