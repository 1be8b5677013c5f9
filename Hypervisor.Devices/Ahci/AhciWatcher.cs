using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Ports to which no rule can apply: the guest's own lists and tables serve, and only writes are seen. A command is looked at when it is issued, and not issued when it would
/// reach the host's memory.
/// </summary>
internal sealed class AhciWatcher
{
    private readonly AhciControllers _controllers;
    private readonly AhciRegisters _registers;
    private readonly AhciCounters _counters;
    private readonly AhciComplaints _complaints;

    internal AhciWatcher(AhciControllers controllers, AhciRegisters registers, AhciCounters counters, AhciComplaints complaints)
    {
        _controllers = controllers;
        _registers = registers;
        _counters = counters;
        _complaints = complaints;
    }

    /// <summary>A write to a register of a port.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="number">The port.</param>
    /// <param name="access">The write.</param>
    /// <returns>Whether it is to be written yet. What others of the guest's processors may depend on is written here, before they can come in between.</returns>
    internal bool Write(MediatorHost host, int controller, int number, AhciAccess access)
    {
        PortAccess port = new(host, _registers, _controllers, controller, number);
        AhciWrite write = access.Write;
        int register = AhciRegister.InPort(write.Offset);
        if (register > AhciRegister.Command && register != AhciRegister.CommandIssue)
        {
            return true;
        }

        Learn(port);
        bool passes = true;
        switch (register)
        {
            case AhciRegister.CommandList:
            case AhciRegister.CommandListUpper:
                port.State.IsKnown = false; // read back before it counts: what of it can be written is the controller's business
                break;
            case AhciRegister.ReceivedFis:
            case AhciRegister.ReceivedFisUpper:
                passes = MayReceive(port, write);
                break;
            case AhciRegister.Command:
                Start(port, ref write);
                break;
            case AhciRegister.CommandIssue:
                passes = Issue(port, ref write);
                break;
        }

        if (passes)
        {
            access.Value = write.Value >> access.Shift;
            _registers.Perform(host, port.Controller, access);
        }

        return false;
    }

    /// <summary>Looks which commands have ended since, at all ports: somebody wants the numbers. Not through the index/data pair, which the guest may be using.</summary>
    internal void Settle(MediatorHost host)
    {
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            ref AhciController controller = ref _controllers[i];
            for (uint ports = controller.IsUsed && controller.HasMemory ? controller.Ports & ~controller.Governed : 0; ports != 0; ports &= ports - 1)
            {
                NoteEnded(new PortAccess(host, _registers, _controllers, i, BitScan.Lowest(ports)));
            }
        }
    }

    private static void Learn(in PortAccess port)
    {
        if (!port.State.IsKnown)
        {
            port.State.IsKnown = true;
            port.State.Command = port.Command;
            port.State.List = port.ReadAddress(AhciRegister.CommandList);
            port.State.Received = port.ReadAddress(AhciRegister.ReceivedFis);
        }
    }

    /// <summary>Looks which commands have ended since.</summary>
    private void NoteEnded(in PortAccess port)
    {
        ref AhciPort state = ref port.State;
        if (state.Outstanding == 0)
        {
            return;
        }

        uint active = port.Read(AhciRegister.CommandIssue) | port.Read(AhciRegister.SataActive);
        for (uint ended = state.Outstanding & ~active; ended != 0; ended &= ended - 1)
        {
            _counters.Completed++;
        }

        state.Outstanding &= active;
        if (state.Outstanding != 0 && port.TaskFile.HasError)
        {
            _counters.Errors++; // those left wait for the guest to stop the port
            state.Outstanding = 0;
        }
    }

    private bool MayReceive(in PortAccess port, in AhciWrite write)
    {
        if (!ReceivedFisCheck.MayWrite(port, write))
        {
            _complaints.Bad(port, "received FISes would go to the host's memory"u8);
            return false;
        }

        port.State.IsKnown = false;
        return true;
    }

    private void Start(in PortAccess port, ref AhciWrite write)
    {
        ref AhciPort state = ref port.State;
        NoteEnded(port);
        AhciPortCommand after = new(write.Over(state.Command.Value));
        if (!ReceivedFisCheck.MayReceive(port, after))
        {
            _complaints.Bad(port, "received FISes would go to the host's memory"u8);
            write.Value = new AhciPortCommand(write.Value).WithoutReceive().Value;
            after = after.WithoutReceive();
        }

        if (!after.IsStarted)
        {
            state.Outstanding = 0; // PxCI and PxSACT are cleared (AHCI 1.3.1 §3.3.7, ST)
        }
        else if (!state.Command.IsStarted && !MayStart(port))
        {
            write.Value = new AhciPortCommand(write.Value).WithStart(false).Value;
            after = after.WithStart(false);
        }

        state.Command = after;
    }

    /// <summary>
    /// Firmware of some machines issues commands at a stopped port, where they mean nothing (AHCI 1.3.1 §3.3.14); but there are controllers that keep them, and execute them as soon as
    /// the port is started.
    /// </summary>
    private bool MayStart(in PortAccess port)
    {
        uint early = port.State.Early == 0 ? 0 : port.State.Early & port.Read(AhciRegister.CommandIssue);
        uint bad = early == 0 ? 0 : FindBad(port, early);
        port.State.Early = bad;
        port.State.Outstanding = early & ~bad;
        return bad == 0;
    }

    private bool Issue(in PortAccess port, ref AhciWrite write)
    {
        ref AhciPort state = ref port.State;
        if ((state.Outstanding & write.Value) != 0)
        {
            NoteEnded(port);
        }

        if (!state.Command.IsStarted)
        {
            state.Early |= write.Value;
            return true;
        }

        uint refused = FindBad(port, write.Value & ~state.Outstanding);
        state.Outstanding |= write.Value & ~refused;
        write.Value &= ~refused;
        return refused == 0 || write.Value != 0;
    }

    /// <summary>Which of some commands would reach the host's memory; where addresses are not those of memory, none of them can be looked at.</summary>
    private uint FindBad(in PortAccess port, uint slots)
    {
        uint bad = 0;
        Span<uint> list = port.Controller.IsTranslated ? default : Words.Dwords(port.Host.Memory(port.State.List, AhciCommandHeader.ListSize));
        for (uint left = slots; left != 0; left &= left - 1)
        {
            int slot = BitScan.Lowest(left);
            if (port.Controller.IsTranslated)
            {
                _counters.Commands++;
            }
            else if (list.IsEmpty || !IsGood(port, list, slot))
            {
                bad |= 1u << slot;
            }
        }

        if (bad != 0)
        {
            _complaints.Bad(port, "a command would reach the host's memory"u8);
        }

        return bad;
    }

    private bool IsGood(in PortAccess port, ReadOnlySpan<uint> list, int slot)
    {
        bool has64Bits = port.Controller.Capabilities.Has64Bits;
        AhciCommandHeader header = AhciCommandHeader.Read(list, slot, has64Bits);
        Span<byte> table = CommandCheck.Table(port.Host, header);
        if (table.IsEmpty || !CommandCheck.AreBuffersGuests(port.Host, table, header.PrdtLength, has64Bits))
        {
            return false;
        }

        CommandFis fis = new(table);
        if (fis.IsRegister)
        {
            DiskCommand command = DiskCommand.Read(fis);
            _counters.Count(command.Kind == AtaCommandClass.Packet ? AtapiCommands.Read(table.Slice(CommandCheck.PacketOffset, AtapiCommands.Space)) : command);
        }

        return true;
    }
}
