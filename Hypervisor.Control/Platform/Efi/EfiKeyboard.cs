using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>The console's keyboard.</summary>
internal static unsafe class EfiKeyboard
{
    /// <summary>Whether a key has been pressed; it is used up.</summary>
    public static bool IsPressed
    {
        get
        {
            EfiInputKey key;
            EfiSimpleTextInput* input = EfiContext.System->ConIn;
            return input != null && input->ReadKeyStroke(input, &key) == EfiStatus.Success;
        }
    }
}
