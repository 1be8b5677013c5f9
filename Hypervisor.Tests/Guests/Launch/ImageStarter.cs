using System;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Launch;

/// <summary>Loads and starts images from the launcher's own volume.</summary>
public readonly unsafe struct ImageStarter(Firmware firmware, void* parent)
{
    private const int PathCapacity = 1024;
    private const int OptionsCapacity = 2048;

    private struct PathBuffer
    {
        public fixed byte Bytes[PathCapacity];
    }

    private struct OptionsBuffer
    {
        public fixed char Characters[OptionsCapacity];
    }

    private static PathBuffer s_path;
    private static OptionsBuffer s_options;

    /// <summary>Starts the image of a line; returns when the image returns.</summary>
    public EfiStatus Start(LaunchLine line)
    {
        fixed (byte* path = s_path.Bytes)
        {
            if (!BuildPath(line.Path, path))
            {
                return EfiStatus.InvalidParameter;
            }

            void* image;
            EfiStatus status = firmware.Services->LoadImage(0, parent, path, null, 0, &image);
            if (status != EfiStatus.Success)
            {
                return status;
            }

            fixed (char* options = s_options.Characters)
            {
                SetOptions((EfiLoadedImage*)firmware.Protocol(image, EfiGuid.LoadedImage), line.Options, options);
                return firmware.Services->StartImage(image, null, null);
            }
        }
    }

    private static void SetOptions(EfiLoadedImage* image, ReadOnlySpan<byte> text, char* options)
    {
        if (text.IsEmpty)
        {
            return;
        }

        int length = Math.Min(text.Length, OptionsCapacity - 1);
        for (int i = 0; i < length; i++)
        {
            options[i] = (char)text[i];
        }

        options[length] = '\0';
        image->LoadOptions = options;
        image->LoadOptionsSize = (uint)((length + 1) * sizeof(char));
    }

    /// <summary>The volume's device path with one more node for the file (UEFI 2.10 §10.3.4.4).</summary>
    private bool BuildPath(ReadOnlySpan<byte> file, byte* path)
    {
        EfiDevicePath* node = (EfiDevicePath*)firmware.Protocol(firmware.LoadedImage->DeviceHandle, EfiGuid.DevicePath);
        int length = 0;
        for (; node != null && node->Type != EfiDevicePath.End; node = (EfiDevicePath*)((byte*)node + node->Length))
        {
            if (length + node->Length > PathCapacity)
            {
                return false;
            }

            for (int i = 0; i < node->Length; i++)
            {
                path[length++] = ((byte*)node)[i];
            }
        }

        int fileNodeLength = sizeof(EfiDevicePath) + ((file.Length + 1) * sizeof(char));
        if (length + fileNodeLength + sizeof(EfiDevicePath) > PathCapacity)
        {
            return false;
        }

        EfiDevicePath* fileNode = (EfiDevicePath*)(path + length);
        fileNode->Type = EfiDevicePath.Media;
        fileNode->SubType = EfiDevicePath.FilePath;
        fileNode->Length = (ushort)fileNodeLength;
        char* name = (char*)(fileNode + 1);
        for (int i = 0; i < file.Length; i++)
        {
            name[i] = (char)file[i];
        }

        name[file.Length] = '\0';
        EfiDevicePath* end = (EfiDevicePath*)((byte*)fileNode + fileNodeLength);
        end->Type = EfiDevicePath.End;
        end->SubType = EfiDevicePath.EntireEnd;
        end->Length = (ushort)sizeof(EfiDevicePath);
        return true;
    }
}
