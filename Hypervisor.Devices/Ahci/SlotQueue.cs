using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Devices.Ahci;

/// <summary>The commands of governed ports on their way from the guest to the controller: copied, decided about, and issued, or held until there is memory for them.</summary>
internal sealed class SlotQueue
{
    private readonly AhciCounters _counters;
    private readonly DiskInquiry _inquiry;
    private readonly CommandBuilder _builder;

    internal SlotQueue(AhciCounters counters, DiskInquiry inquiry, CommandBuilder builder)
    {
        _counters = counters;
        _inquiry = inquiry;
        _builder = builder;
    }

    /// <summary>Whether memory has been given back that held commands may wait for.</summary>
    internal bool HasRoom { get; set; }

    /// <summary>Begins anew.</summary>
    internal void Clear() => _builder.Pool.Clear();

    /// <summary>The guest issues commands.</summary>
    /// <param name="port">The port.</param>
    /// <param name="fresh">A bit for each slot that it has not issued already.</param>
    internal void Issue(in PortAccess port, uint fresh)
    {
        ref AhciPort state = ref port.State;
        state.Command = port.Command;
        if (state.Command.IsStarted && !state.IsInstalled)
        {
            state.Held |= fresh;
            state.Queued &= ~fresh;
            return;
        }

        if (state.Command.IsStarted && !state.IsBusy)
        {
            AskFor(port, fresh);
        }

        uint ready = Prepare(port, fresh);
        Commit(port, ready);
        if (!state.Command.IsStarted)
        {
            // It means nothing where the port is stopped (AHCI 1.3.1 §3.3.14); but some keep the bits until it is started.
            DropLost(port, ready);
        }
    }

    /// <summary>Issues what a port holds, as far as there is memory for it.</summary>
    internal void IssueHeld(in PortAccess port)
    {
        if (port.State.Held != 0 && port.State.IsInstalled && !port.State.IsStopping)
        {
            Commit(port, Prepare(port, port.State.Held));
        }
    }

    /// <summary>A part of a command has ended: the rest of it follows.</summary>
    internal void GoOn(in PortAccess port, int slot)
    {
        uint bit = 1u << slot;
        _builder.Release(port, slot);
        port.State.Issued &= ~bit;
        port.State.Held |= bit;
        HasRoom = true;
    }

    /// <summary>A command is over.</summary>
    internal void Drop(in PortAccess port, int slot)
    {
        HasRoom |= port.Slots[slot].HasPages;
        _builder.Release(port, slot);
        port.State.Issued &= ~(1u << slot);
        port.State.Held &= ~(1u << slot);
    }

    /// <summary>Gives up what the controller has yet to get.</summary>
    internal void GiveUpHeld(in PortAccess port)
    {
        for (uint left = port.State.Held; left != 0; left &= left - 1)
        {
            Drop(port, BitScan.Lowest(left));
        }
    }

    /// <summary>Gives up everything: the port was stopped or reset. A controller that believes in a command nevertheless executes one that does nothing.</summary>
    internal void DropAll(in PortAccess port)
    {
        for (uint left = port.State.Issued | port.State.Held; left != 0; left &= left - 1)
        {
            int slot = BitScan.Lowest(left);
            _builder.Void(port, slot);
            Drop(port, slot);
        }

        port.State.IsStopping = false;
        port.State.Announced = 0;
    }

    /// <summary>Drops those commands that a stopped port has not taken.</summary>
    private void DropLost(in PortAccess port, uint ready)
    {
        uint taken = port.Read(AhciRegister.CommandIssue);
        for (uint lost = ready & ~taken; lost != 0; lost &= lost - 1)
        {
            Drop(port, BitScan.Lowest(lost));
        }
    }

    private void AskFor(in PortAccess port, uint fresh)
    {
        Span<uint> list = Words.Dwords(port.Host.Memory(port.State.List, AhciCommandHeader.ListSize));
        for (uint left = list.IsEmpty ? 0 : fresh; left != 0; left &= left - 1)
        {
            AhciCommandHeader header = AhciCommandHeader.Read(list, BitScan.Lowest(left), port.Controller.Capabilities.Has64Bits);
            Span<byte> table = port.Host.Memory(header.Table, CommandFis.Space);
            if (!table.IsEmpty && new CommandFis(table).IsCommand && _inquiry.Ask(port, new CommandFis(table).PortMultiplier))
            {
                return;
            }
        }
    }

    private uint Prepare(in PortAccess port, uint slots)
    {
        uint ready = 0;
        for (uint left = slots; left != 0; left &= left - 1)
        {
            int slot = BitScan.Lowest(left);
            if (_builder.TryPrepare(port, slot))
            {
                ready |= 1u << slot;
                port.State.Held &= ~(1u << slot);
            }
            else
            {
                _counters.Held += (port.State.Held >> slot & 1) == 0 ? 1u : 0;
                port.State.Held |= 1u << slot;
            }
        }

        return ready;
    }

    private static void Commit(in PortAccess port, uint ready)
    {
        if (ready == 0)
        {
            return;
        }

        uint queued = ready & port.State.Queued;
        port.State.Announced &= ~queued;
        if (queued != 0)
        {
            // The end of a queued command is seen in PxSACT, so its bit must be set, whether the guest has done so or not (AHCI 1.3.1 §5.5.1).
            port.Write(AhciRegister.SataActive, queued);
        }

        port.State.Issued |= ready;
        port.Write(AhciRegister.CommandIssue, ready);
    }
}
