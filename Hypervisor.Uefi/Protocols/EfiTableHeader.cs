using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_TABLE_HEADER (UEFI 2.10 §4.2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EfiTableHeader
{
    /// <summary>Signature.</summary>
    public ulong Signature;

    /// <summary>Revision.</summary>
    public uint Revision;

    /// <summary>Size of the whole table in bytes.</summary>
    public uint HeaderSize;

    /// <summary>CRC-32.</summary>
    public uint Crc32;

    /// <summary>Zero.</summary>
    public uint Reserved;
}
