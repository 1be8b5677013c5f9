using System;
using System.Runtime.InteropServices;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// How the mediator's own memory is divided. For each governed port: the command list, small areas and what is known about disks in a page, slots in another, and a command table of 2 KiB
/// for each slot. Then a page to put sectors together in, and the pool.
/// </summary>
internal static class GovernedMemory
{
    /// <summary>Ports there is room for.</summary>
    internal const int Ports = 32;

    /// <summary>Entries of a table of buffers that fit into a slot's own command table.</summary>
    internal const int SmallPrdt = (TableSize - CommandCheck.PrdtOffset) / AhciPrd.Size;

    /// <summary>Disks behind a port.</summary>
    internal const int DisksPerPort = 16;

    /// <summary>Bytes of <see cref="TargetOf"/>.</summary>
    internal const int TargetSize = 512;

    private const int TargetOffset = 0x400;
    private const int IdentifyOffset = 0x600;
    private const int ReceivedOffset = 0x800;
    private const int ReceivedSize = 256;
    private const int DisksOffset = 0x900;
    private const int DiskSize = 16;
    private const int SlotsOffset = 0x1000;
    private const int TablesOffset = 0x2000;
    private const int TableSize = 2048;
    private const int PortSize = TablesOffset + (AhciCommandHeader.Slots * TableSize);
    private const int SectorOffset = Ports * PortSize;
    private const int PoolOffset = SectorOffset + PagePool.PageSize;

    /// <summary>Bytes of all of it.</summary>
    internal const int Size = PoolOffset + (PagePool.Pages * PagePool.PageSize);

    /// <summary>Where a port's command list is.</summary>
    internal static int ListOffset(int place) => place * PortSize;

    /// <summary>Where the memory is that a command is given which must not reach any other.</summary>
    internal static int TargetOf(int place) => (place * PortSize) + TargetOffset;

    /// <summary>Where the answer of a disk about itself goes.</summary>
    internal static int IdentifyOf(int place) => (place * PortSize) + IdentifyOffset;

    /// <summary>Where a slot's own command table is.</summary>
    internal static int TableOf(int place, int slot) => (place * PortSize) + TablesOffset + (slot * TableSize);

    /// <summary>Where a page of the pool is.</summary>
    internal static int PageOf(int page) => PoolOffset + (page * PagePool.PageSize);

    /// <summary>The command list of a port, as dwords.</summary>
    internal static Span<uint> List(MediatorHost host, int place) => Words.Dwords(host.OwnMemory.Slice(ListOffset(place), AhciCommandHeader.ListSize));

    /// <summary>The answer of a disk about itself.</summary>
    internal static Span<byte> Identify(MediatorHost host, int place) => host.OwnMemory.Slice(IdentifyOf(place), IdentifyData.Size);

    /// <summary>Where the guest's received FISes are kept while a disk is asked.</summary>
    internal static Span<byte> Received(MediatorHost host, int place) => host.OwnMemory.Slice((place * PortSize) + ReceivedOffset, ReceivedSize);

    /// <summary>What is known about the disks behind a port.</summary>
    internal static Span<DiskIdentity> Disks(MediatorHost host, int place) =>
        MemoryMarshal.Cast<byte, DiskIdentity>(host.OwnMemory.Slice((place * PortSize) + DisksOffset, DisksPerPort * DiskSize));

    /// <summary>The commands of a port.</summary>
    internal static Span<AhciSlot> Slots(MediatorHost host, int place) =>
        MemoryMarshal.Cast<byte, AhciSlot>(host.OwnMemory.Slice((place * PortSize) + SlotsOffset, AhciCommandHeader.Slots * AhciSlot.Size));

    /// <summary>Memory to put a sector together in.</summary>
    internal static Span<byte> Sector(MediatorHost host, int size) => host.OwnMemory.Slice(SectorOffset, size);
}
