using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>The path of hv.cfg in the folder that the image was loaded from.</summary>
public unsafe struct FilePath
{
    /// <summary>Most characters of a path.</summary>
    public const int Capacity = 256;

    /// <summary>The path, zero-terminated.</summary>
    public fixed char Characters[Capacity];

    private static ReadOnlySpan<byte> Name => "hv.cfg"u8;

    /// <summary>Makes the path.</summary>
    /// <returns>False when it is too long.</returns>
    public bool SetBeside(EfiLoadedImage* image)
    {
        int length = 0;
        for (EfiDevicePath* node = (EfiDevicePath*)image->FilePath; node != null && node->Type != EfiDevicePath.End && node->Length >= sizeof(EfiDevicePath);
            node = (EfiDevicePath*)((byte*)node + node->Length))
        {
            if (node->Type == EfiDevicePath.Media && node->SubType == EfiDevicePath.FilePath && !Append(node, ref length))
            {
                return false;
            }
        }

        while (length > 0 && Characters[length - 1] != '\\')
        {
            length--;
        }

        for (int i = 0; i < Name.Length; i++)
        {
            Characters[length++] = (char)Name[i];
        }

        Characters[length] = '\0';
        return true;
    }

    private bool Append(EfiDevicePath* node, ref int length)
    {
        char* part = (char*)(node + 1);
        int count = (node->Length - sizeof(EfiDevicePath)) / sizeof(char);
        for (int i = 0; i < count && part[i] != 0; i++)
        {
            if (length == Capacity - Name.Length - 1)
            {
                return false;
            }

            Characters[length++] = part[i];
        }

        return true;
    }
}
