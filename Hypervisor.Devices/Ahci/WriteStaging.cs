using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Copies what an encrypted write brings into borrowed pages, of one command so much at a time that the pool lasts for others too. It is encrypted on the way, sector by sector, so the pages
/// never hold what is not to be on the disk: a transfer that the controller has not ended, though it seems so, may still read them.
/// </summary>
internal sealed class WriteStaging
{
    private const int ChunkPages = PagePool.Pages / 2;

    private readonly SectorCipher _cipher;
    private readonly PagePool _pool;

    internal WriteStaging(SectorCipher cipher, PagePool pool)
    {
        _cipher = cipher;
        _pool = pool;
    }

    /// <summary>Whether there are pages for the next part of a write.</summary>
    internal bool HasRoom(in AhciSlot record) => _pool.Free >= PagesFor(record);

    /// <summary>Copies the next part of a write.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="owner">Who borrows the pages.</param>
    /// <param name="buffers">The guest's data.</param>
    /// <param name="prdt">The table that the controller gets.</param>
    /// <param name="record">The command.</param>
    /// <returns>False where the guest has fewer data than the command has sectors.</returns>
    internal bool TryCopy(MediatorHost host, ushort owner, GuestBuffers buffers, Span<ulong> prdt, ref AhciSlot record)
    {
        int pages = PagesFor(record);
        long left = BytesLeft(record);
        record.PrdtLength = 0;
        record.Underway = 0;
        while (pages > 0 && record.PrdtLength < GovernedMemory.SmallPrdt)
        {
            int page = _pool.TakeUpTo(owner, pages, out int count);
            int offset = GovernedMemory.PageOf(page);
            int length = (int)Math.Min(left, (long)count * PagePool.PageSize);
            if (!TryEncrypt(host, buffers, host.OwnMemory.Slice(offset, length), ref record))
            {
                return false;
            }

            new AhciPrd(host.OwnMemoryAddress + (uint)offset, length).Write(prdt, record.PrdtLength);
            record.PrdtLength++;
            left -= length;
            pages -= count;
        }

        return true;
    }

    private static long BytesLeft(in AhciSlot record) => (long)(record.Command.Count - record.Done) * record.SectorSize;

    private static int PagesFor(in AhciSlot record) => (int)Math.Min((BytesLeft(record) + PagePool.PageSize - 1) / PagePool.PageSize, ChunkPages);

    private bool TryEncrypt(MediatorHost host, GuestBuffers buffers, Span<byte> destination, ref AhciSlot record)
    {
        Span<byte> together = GovernedMemory.Sector(host, PagePool.PageSize);
        while (!destination.IsEmpty)
        {
            Span<byte> part = together.Slice(0, Math.Min(destination.Length, together.Length));
            if (buffers.Gather(ref record.Cursor, part) < part.Length)
            {
                return false;
            }

            _cipher.Transform(record.Rules, part, record.Command.Lba + (uint)(record.Done + record.Underway), record.SectorSize, encrypts: true);
            part.CopyTo(destination);
            destination = destination.Slice(part.Length);
            record.Underway += part.Length / record.SectorSize;
        }

        return true;
    }
}
