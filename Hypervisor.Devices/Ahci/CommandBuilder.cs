using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Makes of a command of the guest the one the controller gets: header, command and table of buffers are copied once, checked, and decided about in the host's memory, where the guest
/// cannot change them any more.
/// </summary>
internal sealed class CommandBuilder
{
    /// <summary>Pages that the data of one command take at most; the rest of it follows as further commands.</summary>
    internal const int ChunkPages = PagePool.Pages / 2;

    private const int QuadsPerPrd = AhciPrd.Size / sizeof(ulong);
    private const int CopiedSize = CommandCheck.PacketOffset + AtapiCommands.Space;

    private readonly AhciCounters _counters;
    private readonly AhciComplaints _complaints;
    private readonly CommandJudge _judge;
    private readonly SectorCipher _cipher;
    private readonly DiskInquiry _inquiry;

    internal CommandBuilder(AhciCounters counters, AhciComplaints complaints, CommandJudge judge, SectorCipher cipher, DiskInquiry inquiry)
    {
        _counters = counters;
        _complaints = complaints;
        _judge = judge;
        _cipher = cipher;
        _inquiry = inquiry;
    }

    /// <summary>The pages that commands borrow.</summary>
    internal PagePool Pool { get; } = new();

    /// <summary>Makes the command of a slot, or its next part.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="number">The port.</param>
    /// <param name="port">Its state.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>False where there is no memory for it now.</returns>
    internal bool TryPrepare(MediatorHost host, in AhciController controller, int number, ref AhciPort port, int slot)
    {
        ref AhciSlot record = ref GovernedMemory.Slots(host, port.Place)[slot];
        if (record.Done > 0)
        {
            return TryPrepareWrite(host, controller, number, port, slot, ref record);
        }

        record = default;
        record.Table = GovernedMemory.TableOf(port.Place, slot);
        port.Queued &= ~(1u << slot);
        Span<uint> list = Words.Dwords(host.Memory(port.List, AhciCommandHeader.ListSize));
        if (list.IsEmpty)
        {
            return RefuseBad(host, controller, number, port, slot, ref record, "the command list is the host's"u8);
        }

        record.Header = AhciCommandHeader.Read(list, slot, controller.Capabilities.Has64Bits);
        record.TransferredAddress = port.List + (uint)(slot * AhciCommandHeader.Size) + AhciCommandHeader.TransferredOffset;
        Span<byte> theirs = CommandCheck.Table(host, record.Header);
        if (theirs.IsEmpty)
        {
            return RefuseBad(host, controller, number, port, slot, ref record, "a command table is the host's"u8);
        }

        Span<byte> ours = OwnTable(host, record);
        theirs.Slice(0, CopiedSize).CopyTo(ours);
        return TryDecide(host, controller, number, ref port, slot, ref record, theirs);
    }

    /// <summary>Gives back what a command has borrowed.</summary>
    internal void Release(MediatorHost host, in AhciPort port, int slot)
    {
        ref AhciSlot record = ref GovernedMemory.Slots(host, port.Place)[slot];
        if (record.HasPages)
        {
            record.HasPages = false;
            Pool.Release(Owner(port, slot));
        }
    }

    /// <summary>The data of a command, by the table the controller has.</summary>
    internal static GuestBuffers Buffers(MediatorHost host, in AhciSlot record) => new(
        host, Words.Quads(host.OwnMemory.Slice(record.Table + CommandCheck.PrdtOffset, record.PrdtLength * AhciPrd.Size)), record.PrdtLength, has64Bits: true);

    private static ushort Owner(in AhciPort port, int slot) => (ushort)((port.Place * AhciCommandHeader.Slots) + slot + 1);

    private static Span<byte> OwnTable(MediatorHost host, in AhciSlot record) =>
        host.OwnMemory.Slice(record.Table, CommandCheck.PrdtOffset + (GovernedMemory.SmallPrdt * AhciPrd.Size));

    private static void PutPrd(Span<ulong> prdt, int index, AhciPrd prd)
    {
        prdt[index * QuadsPerPrd] = prd.Low;
        prdt[(index * QuadsPerPrd) + 1] = prd.High;
    }

    private bool TryDecide(
        MediatorHost host, in AhciController controller, int number, ref AhciPort port, int slot, ref AhciSlot record, Span<byte> theirs)
    {
        Span<byte> ours = OwnTable(host, record);
        CommandFis fis = new(ours);
        uint possible = _inquiry.Rules(host, controller, number, port, fis.PortMultiplier, out record.SectorSize);
        if (!fis.IsRegister || record.Header.IsBist)
        {
            return possible != 0
                ? RefuseBad(host, controller, number, port, slot, ref record, "not a command"u8)
                : TryPreparePlain(host, controller, number, port, slot, ref record, theirs);
        }

        record.Rules = possible;
        record.Command = DiskCommand.Read(fis);
        byte operation = fis.Command;
        if (record.Command.IsQueued)
        {
            port.Queued |= 1u << slot;
            if (fis.Tag != slot)
            {
                // Slots are told apart by their tags (AHCI 1.3.1 §5.6.4.1): what uses another one's tag would end it.
                return RefuseBad(host, controller, number, port, slot, ref record, "a queued command with another slot's tag"u8);
            }
        }
        else if (record.Command.Kind == AtaCommandClass.Packet)
        {
            ReadOnlySpan<byte> packet = ours.Slice(CommandCheck.PacketOffset, AtapiCommands.Space);
            record.Command = AtapiCommands.Read(packet);
            operation = packet[0];
        }

        SlotOutcome outcome = _judge.Decide(record.Rules, record.Command, record.SectorSize, out bool isLogged);
        bool fine = true;
        switch (outcome)
        {
            case SlotOutcome.Refuse:
                _complaints.Refused(host, controller, number, operation, record.Command);
                Refuse(host, port, slot, ref record);
                break;
            case SlotOutcome.Encrypt:
                record.Encrypts = true;
                fine = TryPrepareWrite(host, controller, number, port, slot, ref record);
                break;
            default:
                record.Decrypts = outcome == SlotOutcome.Decrypt;
                fine = TryPreparePlain(host, controller, number, port, slot, ref record, theirs);
                break;
        }

        if (fine)
        {
            _counters.Count(record.Command);
            if (isLogged)
            {
                AhciComplaints.Log(host, controller, number, operation, record.Command);
            }
        }

        return fine;
    }

    /// <summary>The command as it is, with a copy of its table of buffers.</summary>
    private bool TryPreparePlain(
        MediatorHost host, in AhciController controller, int number, in AhciPort port, int slot, ref AhciSlot record, Span<byte> theirs)
    {
        int count = record.Header.PrdtLength;
        int size = CommandCheck.PrdtOffset + (count * AhciPrd.Size);
        if (count > GovernedMemory.SmallPrdt)
        {
            int page = Pool.Take(Owner(port, slot), (size + PagePool.PageSize - 1) / PagePool.PageSize);
            if (page == PagePool.None)
            {
                return false;
            }

            Span<byte> small = OwnTable(host, record).Slice(0, CopiedSize);
            record.HasPages = true;
            record.Table = GovernedMemory.PageOf(page);
            small.CopyTo(host.OwnMemory.Slice(record.Table, CopiedSize));
        }

        ReadOnlySpan<ulong> from = Words.Quads(theirs.Slice(CommandCheck.PrdtOffset));
        Span<ulong> to = Words.Quads(host.OwnMemory.Slice(record.Table + CommandCheck.PrdtOffset, count * AhciPrd.Size));
        for (int i = 0; i < count; i++)
        {
            AhciPrd prd = CommandCheck.Prd(from, i, controller.Capabilities.Has64Bits);
            if (host.Memory(prd.Address, prd.Length).IsEmpty)
            {
                Release(host, port, slot);
                return RefuseBad(host, controller, number, port, slot, ref record, "a buffer is the host's"u8);
            }

            PutPrd(to, i, prd);
        }

        record.PrdtLength = count;
        record.Header.With(host.OwnMemoryAddress + (uint)record.Table, count, record.Header.Transferred).Write(GovernedMemory.List(host, port.Place), slot);
        return true;
    }

    /// <summary>A write, or the next part of it: its data are copied and encrypted.</summary>
    private bool TryPrepareWrite(MediatorHost host, in AhciController controller, int number, in AhciPort port, int slot, ref AhciSlot record)
    {
        long left = (long)(record.Command.Count - record.Done) * record.SectorSize;
        int pages = (int)Math.Min((left + PagePool.PageSize - 1) / PagePool.PageSize, ChunkPages);
        if (Pool.Free < pages)
        {
            return false;
        }

        Span<byte> theirs = CommandCheck.Table(host, record.Header);
        GuestBuffers buffers = new(
            host, Words.Quads(theirs.Slice(CommandCheck.PrdtOffset)), record.Header.PrdtLength, controller.Capabilities.Has64Bits);
        Span<ulong> prdt = Words.Quads(OwnTable(host, record).Slice(CommandCheck.PrdtOffset));
        record.HasPages = true;
        record.PrdtLength = 0;
        record.Underway = 0;
        while (pages > 0 && record.PrdtLength < GovernedMemory.SmallPrdt)
        {
            int page = Pool.TakeUpTo(Owner(port, slot), pages, out int count);
            int offset = GovernedMemory.PageOf(page);
            int length = (int)Math.Min(left, (long)count * PagePool.PageSize);
            Span<byte> data = host.OwnMemory.Slice(offset, length);
            if (buffers.Gather(ref record.Cursor, data) < length)
            {
                Release(host, port, slot);
                return RefuseBad(host, controller, number, port, slot, ref record, "fewer data than sectors, or the host's"u8);
            }

            _cipher.Transform(record.Rules, data, record.Command.Lba + (uint)(record.Done + record.Underway), record.SectorSize, encrypts: true);
            PutPrd(prdt, record.PrdtLength, new AhciPrd(host.OwnMemoryAddress + (uint)offset, length));
            record.PrdtLength++;
            record.Underway += length / record.SectorSize;
            left -= length;
            pages -= count;
        }

        if (record.Underway != record.Command.Count)
        {
            record.Command.Narrow(new CommandFis(OwnTable(host, record)), record.Done, record.Underway);
        }

        record.Header.With(host.OwnMemoryAddress + (uint)record.Table, record.PrdtLength, record.Done == 0 ? record.Header.Transferred : 0)
            .Write(GovernedMemory.List(host, port.Place), slot);
        return true;
    }

    private bool RefuseBad(
        MediatorHost host, in AhciController controller, int number, in AhciPort port, int slot, ref AhciSlot record, ReadOnlySpan<byte> why)
    {
        _complaints.Bad(host, controller, number, why);
        Refuse(host, port, slot, ref record);
        return true;
    }

    /// <summary>
    /// What every device refuses by itself: NOP (ACS-3 §7.20), or a read where no medium is; a queued command has to end as one. So its error, interrupt and log are a device's.
    /// </summary>
    private static void Refuse(MediatorHost host, in AhciPort port, int slot, ref AhciSlot record)
    {
        record.Table = GovernedMemory.TableOf(port.Place, slot);
        record.Encrypts = false;
        record.Decrypts = false;
        record.Done = 0;
        record.Command = default;
        bool isQueued = (port.Queued >> slot & 1) != 0;
        Span<byte> table = OwnTable(host, record);
        CommandFis fis = new(table);
        int behind = fis.PortMultiplier;
        table.Slice(0, CopiedSize).Clear();
        record.PrdtLength = isQueued ? 1 : 0;
        if (isQueued)
        {
            fis.SetImpossibleQueued(slot, behind);
            PutPrd(
                Words.Quads(table.Slice(CommandCheck.PrdtOffset)), 0, new AhciPrd(host.OwnMemoryAddress + (uint)GovernedMemory.TargetOf(port.Place), GovernedMemory.TargetSize));
        }
        else
        {
            fis.Set(AtaCommands.Nop, behind);
        }

        record.Header.Plain(host.OwnMemoryAddress + (uint)record.Table, record.PrdtLength).Write(GovernedMemory.List(host, port.Place), slot);
    }
}
