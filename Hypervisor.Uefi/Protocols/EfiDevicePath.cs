using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>Header of a device path node (UEFI 2.10 §10.2); its data follow.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct EfiDevicePath
{
    /// <summary>Type of media nodes.</summary>
    public const byte Media = 4;

    /// <summary>Sub-type of a media node that names a partition.</summary>
    public const byte HardDrive = 1;

    /// <summary>Sub-type of a media node that names a file of a firmware volume.</summary>
    public const byte FirmwareFile = 6;

    /// <summary>Sub-type of a media node that names a firmware volume.</summary>
    public const byte FirmwareVolume = 7;

    /// <summary>Sub-type of a media node that holds a file's path.</summary>
    public const byte FilePath = 4;

    /// <summary>Type of the node that ends a path.</summary>
    public const byte End = 0x7F;

    /// <summary>Sub-type of the node that ends the whole path.</summary>
    public const byte EntireEnd = 0xFF;

    /// <summary>Type.</summary>
    public byte Type;

    /// <summary>Sub-type.</summary>
    public byte SubType;

    /// <summary>Bytes of the node with this header.</summary>
    public ushort Length;
}
