using System;
using Hypervisor.Control.Boot;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>Where the image to install is, in the Shell: the path on the command line, else the one in the folder that installations use.</summary>
internal static unsafe class EfiImagePath
{
    /// <summary>Finds its device path.</summary>
    public static ExitStatus Find(Span<byte> path, out int length)
    {
        length = 0;
        bool isWhole = Arguments.TryTakeFlag("--full-path"u8);
        if (!Arguments.TryTakeOption("--path"u8, out ReadOnlySpan<byte> file) && !Arguments.TryTake(out file))
        {
            file = ImagePlace.Default;
        }

        void* handle;
        if (EfiContext.Shell == null || EfiContext.Shell->OpenFileByName(EfiPlatform.Widen(file), &handle, EfiShell.ReadMode) != EfiStatus.Success)
        {
            return Complaint<EfiPlatform>.Say("there is no file "u8, file);
        }

        EfiContext.Shell->CloseFile(handle);
        byte* found = (byte*)EfiContext.Shell->GetDevicePathFromFilePath(EfiPlatform.Widen(file));
        if (found == null)
        {
            return Complaint<EfiPlatform>.Say("the Shell knows no device path of "u8, file);
        }

        length = DevicePath.Copy(found, path, isWhole);
        EfiContext.Firmware.Services->FreePool(found);
        return length != 0 ? ExitStatus.Success : Complaint<EfiPlatform>.Say("the device path is too long"u8);
    }
}
