using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_LOADED_IMAGE_PROTOCOL (UEFI 2.10 §9.1).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiLoadedImage
{
    /// <summary>Revision.</summary>
    public uint Revision;

    /// <summary>Who loaded the image.</summary>
    public void* ParentHandle;

    /// <summary>System table.</summary>
    public EfiSystemTable* SystemTable;

    /// <summary>The device the image came from; null when it came from memory.</summary>
    public void* DeviceHandle;

    /// <summary>Path of the file on the device.</summary>
    public void* FilePath;

    private readonly void* _reserved;

    /// <summary>Bytes of load options.</summary>
    public uint LoadOptionsSize;

    /// <summary>Load options: UTF-16 text or binary data.</summary>
    public void* LoadOptions;

    /// <summary>Where the image stands.</summary>
    public void* ImageBase;

    /// <summary>Bytes of the image in memory.</summary>
    public ulong ImageSize;
}
