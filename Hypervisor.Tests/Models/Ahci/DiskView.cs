using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>What a guest shall find on a disk, and what it may do there.</summary>
internal sealed class DiskView
{
    internal DiskView(AtaDisk disk, Func<ulong, byte[], byte[]>? decode = null)
    {
        Disk = disk;
        Decode = decode ?? ((_, raw) => raw);
        Contents = Decode(0, [.. disk.Media]);
    }

    internal AtaDisk Disk { get; }

    /// <summary>All sectors, as the guest reads them.</summary>
    internal byte[] Contents { get; }

    /// <summary>Whether sectors may be read or, if the third is true, written.</summary>
    internal Func<ulong, int, bool, bool> Allows { get; init; } = (_, _, _) => true;

    /// <summary>Whether a command without sectors, or with a list of them, may be executed.</summary>
    internal Func<AtaCommand, bool> AllowsOther { get; init; } = _ => true;

    /// <summary>What the guest reads of sectors the medium has bytes of: first sector, bytes.</summary>
    internal Func<ulong, byte[], byte[]> Decode { get; }

    internal Span<byte> Sectors(ulong lba, int count) => Contents.AsSpan((int)lba * Disk.SectorSize, count * Disk.SectorSize);
}
