using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Devices.Ahci;

/// <summary>The commands of governed ports on their way back: what the controller has ended is ended for the guest, before any register that tells of it is answered.</summary>
internal sealed class SlotCompletion
{
    private readonly SlotQueue _queue;
    private readonly SectorCipher _cipher;
    private readonly AhciCounters _counters;

    internal SlotCompletion(SlotQueue queue, SectorCipher cipher, AhciCounters counters)
    {
        _queue = queue;
        _cipher = cipher;
        _counters = counters;
    }

    /// <summary>Ends the commands that have ended.</summary>
    /// <param name="port">The port.</param>
    /// <param name="issued">PxCI as the guest sees it.</param>
    /// <param name="active">PxSACT as the guest sees it.</param>
    internal void Pump(in PortAccess port, out uint issued, out uint active)
    {
        ref AhciPort state = ref port.State;

        // In this order: what has gone from PxSACT meanwhile is still in PxCI's picture, so it is not seen to end before it has been ended.
        active = port.Read(AhciRegister.SataActive);
        issued = port.Read(AhciRegister.CommandIssue);
        if (state.IsStopping)
        {
            if (!port.Command.ListRuns)
            {
                _queue.DropAll(port);
            }

            return;
        }

        uint still = state.Issued & (issued | (active & state.Queued));
        for (uint ended = state.Issued & ~still; ended != 0; ended &= ended - 1)
        {
            Finish(port, BitScan.Lowest(ended));
        }

        bool waits = !state.IsInstalled && state.Held != 0 && state.Command.IsStarted;
        if (waits && (issued | active) == 0 && PortOwner.TrySwitch(port))
        {
            _queue.HasRoom = true;
        }

        uint late = state.Held | (state.Issued & ~still);
        issued |= late;
        active |= (late & state.Queued) | state.Announced;
    }

    /// <summary>Whether part of a write has been done and more of it is to follow.</summary>
    internal static bool HasParts(in PortAccess port)
    {
        Span<AhciSlot> slots = port.Slots;
        for (uint left = port.State.Issued | port.State.Held; left != 0; left &= left - 1)
        {
            ref AhciSlot slot = ref slots[BitScan.Lowest(left)];
            if (slot.Done > 0 || (slot.Encrypts && slot.Underway < slot.Command.Count))
            {
                return true;
            }
        }

        return false;
    }

    private void Finish(in PortAccess port, int slot)
    {
        ref AhciSlot record = ref port.Slots[slot];
        record.Transferred += AhciCommandHeader.ReadTransferred(port.OwnList, slot);
        if (record.Encrypts && record.Done + record.Underway < record.Command.Count && HasSucceeded(port, slot))
        {
            record.Done += record.Underway;
            _queue.GoOn(port, slot);
            return;
        }

        if (record.Decrypts)
        {
            Span<byte> sector = GovernedMemory.Sector(port.Host, record.SectorSize);
            _cipher.Decrypt(record.Rules, CommandBuilder.Buffers(port.Host, record), record.Command.Lba, record.Command.Count, sector);
        }

        Span<byte> transferred = port.Host.Memory(record.TransferredAddress, sizeof(uint));
        if (record.TransferredAddress != 0 && !transferred.IsEmpty)
        {
            Words.Dwords(transferred)[0] = record.Transferred;
        }

        _counters.Completed++;
        record.Done = 0;
        _queue.Drop(port, slot);
    }

    /// <summary>
    /// A queued command that failed stays in PxSACT. Another one's error is not this one's: the controller says which one it was at (PxCMD.CCS, AHCI 1.3.1 §3.3.7), and the
    /// failed one's bit of PxCI stays set, but not with every controller.
    /// </summary>
    private static bool HasSucceeded(in PortAccess port, int slot) =>
        (port.State.Queued >> slot & 1) != 0 || !port.TaskFile.HasError || port.Command.CurrentSlot != slot;
}
