using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Launch;

/// <summary>Reads the list from the volume that the launcher came from.</summary>
public static unsafe class ListFile
{
    /// <summary>Reads it.</summary>
    /// <returns>Its length; 0 where there is none.</returns>
    public static int Read(Firmware firmware, byte* buffer, int capacity)
    {
        EfiSimpleFileSystem* volume =
            (EfiSimpleFileSystem*)firmware.Protocol(firmware.LoadedImage->DeviceHandle, EfiGuid.SimpleFileSystem);
        EfiFile* root;
        if (volume == null || volume->OpenVolume(volume, &root) != EfiStatus.Success)
        {
            return 0;
        }

        int length = 0;
        EfiFile* file;
        fixed (char* name = "\\launch.txt")
        {
            if (root->Open(root, &file, name, EfiFile.ReadMode, 0) == EfiStatus.Success)
            {
                nuint size = (nuint)capacity;
                length = file->Read(file, &size, buffer) == EfiStatus.Success ? (int)size : 0;
                file->Close(file);
            }
        }

        root->Close(root);
        return length;
    }
}
