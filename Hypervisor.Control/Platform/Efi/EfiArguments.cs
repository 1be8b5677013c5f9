using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>The arguments as the Shell has split them.</summary>
internal static unsafe class EfiArguments
{
    private const int ArgumentCapacity = 2048;

    private static Storage s_storage;

    private struct Storage
    {
        public fixed byte Bytes[ArgumentCapacity];
    }

    /// <summary>Reads them.</summary>
    /// <returns>False when there are none to be had.</returns>
    public static bool Read()
    {
        EfiShellParameters* parameters = (EfiShellParameters*)EfiContext.Firmware.Protocol(EfiContext.Image, EfiGuid.ShellParameters);
        if (parameters == null)
        {
            Complaint<EfiPlatform>.Say("this program is for the UEFI Shell 2.0 or newer"u8);
            return false;
        }

        for (nuint i = 1; i < parameters->Count; i++)
        {
            fixed (byte* bytes = s_storage.Bytes)
            {
                int length = EfiText.Narrow(parameters->Arguments[i], new Span<byte>(bytes, ArgumentCapacity));
                if (length > ArgumentCapacity || !Arguments.Add(new ReadOnlySpan<byte>(bytes, length)))
                {
                    Complaint<EfiPlatform>.Say("the command line is too long"u8);
                    return false;
                }
            }
        }

        return true;
    }
}
