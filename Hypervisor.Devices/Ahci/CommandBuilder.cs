using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Makes of a command of the guest the one the controller gets: header, command and table of buffers are copied once, checked, and decided about in the host's memory, where the guest
/// cannot change them any more.
/// </summary>
internal sealed class CommandBuilder
{
    private const int CopiedSize = CommandCheck.PacketOffset + AtapiCommands.Space;

    private readonly AhciCounters _counters;
    private readonly AhciComplaints _complaints;
    private readonly CommandJudge _judge;
    private readonly DiskInquiry _inquiry;
    private readonly WriteStaging _staging;

    internal CommandBuilder(AhciCounters counters, AhciComplaints complaints, CommandJudge judge, SectorCipher cipher, DiskInquiry inquiry)
    {
        _counters = counters;
        _complaints = complaints;
        _judge = judge;
        _inquiry = inquiry;
        _staging = new WriteStaging(cipher, Pool);
    }

    /// <summary>The pages that commands borrow.</summary>
    internal PagePool Pool { get; } = new();

    /// <summary>Makes the command of a slot, or its next part.</summary>
    /// <returns>False where there is no memory for it now.</returns>
    internal bool TryPrepare(in PortAccess port, int slot)
    {
        ref AhciSlot record = ref port.Slots[slot];
        if (record.Done > 0)
        {
            return TryPrepareWrite(port, slot, ref record);
        }

        record = default;
        record.Table = GovernedMemory.TableOf(port.State.Place, slot);
        port.State.Queued &= ~(1u << slot);
        Span<uint> list = Words.Dwords(port.Host.Memory(port.State.List, AhciCommandHeader.ListSize));
        if (list.IsEmpty)
        {
            return RefuseBad(port, slot, ref record, "the command list is the host's"u8);
        }

        record.Header = AhciCommandHeader.Read(list, slot, port.Controller.Capabilities.Has64Bits);
        record.TransferredAddress = port.State.List + (uint)(slot * AhciCommandHeader.Size) + AhciCommandHeader.TransferredOffset;
        Span<byte> theirs = CommandCheck.Table(port.Host, record.Header);
        if (theirs.IsEmpty)
        {
            return RefuseBad(port, slot, ref record, "a command table is the host's"u8);
        }

        theirs.Slice(0, CopiedSize).CopyTo(OwnTable(port, record));
        return TryDecide(port, slot, ref record, theirs);
    }

    /// <summary>Gives back what a command has borrowed.</summary>
    internal void Release(in PortAccess port, int slot)
    {
        ref AhciSlot record = ref port.Slots[slot];
        if (record.HasPages)
        {
            record.HasPages = false;
            Pool.Release(Owner(port, slot));
        }
    }

    /// <summary>
    /// Makes it a command that every device refuses by itself: NOP (ACS-3 §7.20), or a read where no medium is, because a queued command has to end as one. So its error, interrupt and log
    /// are a device's.
    /// </summary>
    internal void Void(in PortAccess port, int slot)
    {
        ref AhciSlot record = ref port.Slots[slot];
        record.Table = GovernedMemory.TableOf(port.State.Place, slot);
        record.Encrypts = false;
        record.Decrypts = false;
        record.Done = 0;
        record.Command = default;
        bool isQueued = (port.State.Queued >> slot & 1) != 0;
        Span<byte> table = OwnTable(port, record);
        CommandFis fis = new(table);
        int behind = fis.PortMultiplier;
        table.Slice(0, CopiedSize).Clear();
        record.PrdtLength = isQueued ? 1 : 0;
        if (isQueued)
        {
            fis.SetImpossibleQueued(slot, behind);
            AhciPrd target = new(port.Host.OwnMemoryAddress + (uint)GovernedMemory.TargetOf(port.State.Place), GovernedMemory.TargetSize);
            target.Write(Words.Quads(table.Slice(CommandCheck.PrdtOffset)), 0);
        }
        else
        {
            fis.Set(AtaCommands.Nop, behind);
        }

        AhciCommandHeader.For(behind).With(port.Host.OwnMemoryAddress + (uint)record.Table, record.PrdtLength, 0).Write(port.OwnList, slot);
    }

    /// <summary>The data of a command, by the table the controller has.</summary>
    internal static GuestBuffers Buffers(Hypervisor.Core.Mediation.MediatorHost host, in AhciSlot record) => new(
        host, Words.Quads(host.OwnMemory.Slice(record.Table + CommandCheck.PrdtOffset, record.PrdtLength * AhciPrd.Size)), record.PrdtLength, has64Bits: true);

    private static ushort Owner(in PortAccess port, int slot) => (ushort)((port.State.Place * AhciCommandHeader.Slots) + slot + 1);

    private static Span<byte> OwnTable(in PortAccess port, in AhciSlot record) =>
        port.Host.OwnMemory.Slice(record.Table, CommandCheck.PrdtOffset + (GovernedMemory.SmallPrdt * AhciPrd.Size));

    private bool TryDecide(in PortAccess port, int slot, ref AhciSlot record, Span<byte> theirs)
    {
        CommandFis fis = new(OwnTable(port, record));
        uint rules = _inquiry.Rules(port, fis.PortMultiplier, out record.SectorSize);
        if (!fis.IsRegister || record.Header.IsBist)
        {
            return rules != 0 ? RefuseBad(port, slot, ref record, "not a command"u8) : TryPreparePlain(port, slot, ref record, theirs);
        }

        record.Rules = rules;
        record.Command = DiskCommand.Read(fis);
        byte operation = fis.Command;
        bool isPacket = record.Command.Kind == AtaCommandClass.Packet;
        if (record.Command.IsQueued)
        {
            port.State.Queued |= 1u << slot;
            if (fis.Tag != slot)
            {
                // Slots are told apart by their tags (AHCI 1.3.1 §5.6.4.1): what uses another one's tag would end it.
                return RefuseBad(port, slot, ref record, "a queued command with another slot's tag"u8);
            }
        }
        else if (isPacket)
        {
            ReadOnlySpan<byte> packet = OwnTable(port, record).Slice(CommandCheck.PacketOffset, AtapiCommands.Space);
            record.Command = AtapiCommands.Read(packet);
            operation = packet[0];
        }

        if (fis.IsCommand)
        {
            if (rules != 0 && isPacket != record.Header.IsPacket)
            {
                // Without A the packet would come from the buffers, with it the data of another command from where the packet is (AHCI 1.3.1 §4.2.2).
                return RefuseBad(port, slot, ref record, "a packet that is none"u8);
            }

            record.Header = rules != 0 ? record.Header.As(record.Command, fis.PortMultiplier) : record.Header.WithoutClear();
        }

        SlotOutcome outcome = _judge.Decide(rules, record.Command, record.SectorSize, out bool isLogged);
        bool fine = true;
        switch (outcome)
        {
            case SlotOutcome.Refuse:
                _complaints.Refused(port, operation, record.Command);
                Void(port, slot);
                break;
            case SlotOutcome.Encrypt:
                record.Encrypts = true;
                fine = TryPrepareWrite(port, slot, ref record);
                break;
            default:
                DiskInquiry.NoteCommand(port, fis);
                record.Decrypts = outcome == SlotOutcome.Decrypt;
                fine = TryPreparePlain(port, slot, ref record, theirs);
                break;
        }

        if (fine)
        {
            _counters.Count(record.Command);
            if (isLogged)
            {
                AhciComplaints.Log(port, operation, record.Command);
            }
        }

        return fine;
    }

    /// <summary>The command as it is, with a copy of its table of buffers.</summary>
    private bool TryPreparePlain(in PortAccess port, int slot, ref AhciSlot record, Span<byte> theirs)
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

            Span<byte> small = OwnTable(port, record).Slice(0, CopiedSize);
            record.HasPages = true;
            record.Table = GovernedMemory.PageOf(page);
            small.CopyTo(port.Host.OwnMemory.Slice(record.Table, CopiedSize));
        }

        ReadOnlySpan<ulong> from = Words.Quads(theirs.Slice(CommandCheck.PrdtOffset));
        Span<ulong> to = Words.Quads(port.Host.OwnMemory.Slice(record.Table + CommandCheck.PrdtOffset, count * AhciPrd.Size));
        for (int i = 0; i < count; i++)
        {
            AhciPrd prd = CommandCheck.Prd(from, i, port.Controller.Capabilities.Has64Bits);
            if (port.Host.Memory(prd.Address, prd.Length).IsEmpty)
            {
                Release(port, slot);
                return RefuseBad(port, slot, ref record, "a buffer is the host's"u8);
            }

            prd.Write(to, i);
        }

        record.PrdtLength = count;
        record.Header.With(port.Host.OwnMemoryAddress + (uint)record.Table, count, record.Header.Transferred).Write(port.OwnList, slot);
        return true;
    }

    /// <summary>A write, or the next part of it: its data are copied and encrypted.</summary>
    private bool TryPrepareWrite(in PortAccess port, int slot, ref AhciSlot record)
    {
        if (!_staging.HasRoom(record))
        {
            return false;
        }

        Span<byte> theirs = CommandCheck.Table(port.Host, record.Header);
        GuestBuffers buffers = new(
            port.Host, Words.Quads(theirs.Slice(CommandCheck.PrdtOffset)), record.Header.PrdtLength, port.Controller.Capabilities.Has64Bits);
        Span<byte> table = OwnTable(port, record);
        record.HasPages = true;
        if (!_staging.TryCopy(port.Host, Owner(port, slot), buffers, Words.Quads(table.Slice(CommandCheck.PrdtOffset)), ref record))
        {
            Release(port, slot);
            return RefuseBad(port, slot, ref record, "fewer data than sectors, or the host's"u8);
        }

        if (record.Underway != record.Command.Count)
        {
            record.Command.Narrow(new CommandFis(table), record.Done, record.Underway);
        }

        record.Header.With(port.Host.OwnMemoryAddress + (uint)record.Table, record.PrdtLength, record.Done == 0 ? record.Header.Transferred : 0)
            .Write(port.OwnList, slot);
        return true;
    }

    private bool RefuseBad(in PortAccess port, int slot, ref AhciSlot record, ReadOnlySpan<byte> why)
    {
        _complaints.Bad(port, why);
        Void(port, slot);
        return true;
    }
}
