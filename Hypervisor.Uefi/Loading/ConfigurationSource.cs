using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>Where the configuration comes from (L12): the image's load options, else the file hv.cfg beside it; else there is none.</summary>
public static unsafe class ConfigurationSource
{
    private const int TextCapacity = 8 * 1024;
    private const int PathCapacity = 256;

    private struct TextBuffer
    {
        public fixed byte Bytes[TextCapacity];
    }

    private struct PathBuffer
    {
        public fixed char Characters[PathCapacity];
    }

    private static TextBuffer s_text;

    /// <summary>Reads the configuration's text.</summary>
    /// <param name="firmware">The firmware.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <returns>The text; empty where there is none.</returns>
    public static ReadOnlySpan<byte> Read(Firmware firmware, out ReadOnlySpan<byte> source)
    {
        EfiLoadedImage* image = firmware.LoadedImage;
        int length = ReadLoadOptions(image);
        if (length != 0)
        {
            source = "load options"u8;
            return Text(length);
        }

        source = "hv.cfg"u8;
        return Text(ReadFile(firmware, image));
    }

    private static ReadOnlySpan<byte> Text(int length)
    {
        fixed (byte* text = s_text.Bytes)
        {
            return new ReadOnlySpan<byte>(text, length);
        }
    }

    /// <summary>
    /// Load options are UTF-16 text. The Shell puts the command line in front: text without '=' is not meant for the configuration.
    /// </summary>
    private static int ReadLoadOptions(EfiLoadedImage* image)
    {
        char* options = (char*)image->LoadOptions;
        int count = (int)Math.Min(image->LoadOptionsSize / sizeof(char), TextCapacity);
        bool assignment = false;
        fixed (byte* text = s_text.Bytes)
        {
            int length = 0;
            for (; length < count && options[length] != 0; length++)
            {
                text[length] = options[length] < 0x7F ? (byte)options[length] : (byte)'?';
                assignment |= options[length] == '=';
            }

            return assignment ? length : 0;
        }
    }

    private static int ReadFile(Firmware firmware, EfiLoadedImage* image)
    {
        EfiSimpleFileSystem* volume = (EfiSimpleFileSystem*)firmware.Protocol(image->DeviceHandle, EfiGuid.SimpleFileSystem);
        PathBuffer path = default;
        EfiFile* root;
        EfiFile* file;
        if (volume == null || !PathBeside(image, path.Characters) || volume->OpenVolume(volume, &root) != EfiStatus.Success)
        {
            return 0;
        }

        int length = 0;
        if (root->Open(root, &file, path.Characters, EfiFile.ReadMode, 0) == EfiStatus.Success)
        {
            nuint size = TextCapacity;
            fixed (byte* text = s_text.Bytes)
            {
                length = file->Read(file, &size, text) == EfiStatus.Success ? (int)size : 0;
            }

            file->Close(file);
        }

        root->Close(root);
        return length;
    }

    /// <summary>The path of hv.cfg in the folder the image was loaded from.</summary>
    private static bool PathBeside(EfiLoadedImage* image, char* path)
    {
        int length = 0;
        for (EfiDevicePath* node = (EfiDevicePath*)image->FilePath; node != null && node->Type != EfiDevicePath.End && node->Length >= 4;
            node = (EfiDevicePath*)((byte*)node + node->Length))
        {
            if (node->Type != EfiDevicePath.Media || node->SubType != EfiDevicePath.FilePath)
            {
                continue;
            }

            char* part = (char*)(node + 1);
            int count = (node->Length - sizeof(EfiDevicePath)) / sizeof(char);
            for (int i = 0; i < count && part[i] != 0; i++)
            {
                if (length == PathCapacity - 10)
                {
                    return false;
                }

                path[length++] = part[i];
            }
        }

        while (length > 0 && path[length - 1] != '\\')
        {
            length--;
        }

        ReadOnlySpan<byte> name = "hv.cfg"u8;
        for (int i = 0; i < name.Length; i++)
        {
            path[length++] = (char)name[i];
        }

        path[length] = '\0';
        return true;
    }
}
