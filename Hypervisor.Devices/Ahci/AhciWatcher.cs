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
    /// <param name="write">The write; what must not be written is taken out of it.</param>
    /// <returns>Whether the rest of it is to be written.</returns>
    internal bool Write(MediatorHost host, int controller, int number, ref AhciWrite write)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        int register = AhciRegister.InPort(write.Offset);
        if (register == AhciRegister.CommandIssue)
        {
            return Issue(host, owner, number, ref port, ref write);
        }

        if (register > AhciRegister.Command)
        {
            return true;
        }

        Learn(host, owner, number, ref port);
        switch (register)
        {
            case AhciRegister.CommandList:
            case AhciRegister.CommandListUpper:
                port.IsKnown = false; // read back before it counts: what of it can be written is the controller's business
                return true;
            case AhciRegister.ReceivedFis:
            case AhciRegister.ReceivedFisUpper:
                return MayReceive(host, owner, number, ref port, write);
            case AhciRegister.Command:
                return Start(host, owner, number, ref port, ref write);
            default:
                return true;
        }
    }

    /// <summary>Looks which commands have ended since, at all ports: somebody wants the numbers. Not through the index/data pair, which the guest may be using.</summary>
    internal void Settle(MediatorHost host)
    {
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            ref AhciController controller = ref _controllers[i];
            for (uint ports = controller.IsUsed && controller.HasMemory ? controller.Ports & ~controller.Governed : 0; ports != 0; ports &= ports - 1)
            {
                int number = BitScan.Lowest(ports);
                NoteEnded(host, controller, number, ref _controllers.Port(i, number));
            }
        }
    }

    /// <summary>Looks which commands have ended since.</summary>
    private void NoteEnded(MediatorHost host, in AhciController controller, int number, ref AhciPort port)
    {
        if (port.Outstanding == 0)
        {
            return;
        }

        uint active = _registers.ReadPort(host, controller, number, AhciRegister.CommandIssue)
            | _registers.ReadPort(host, controller, number, AhciRegister.SataActive);
        for (uint ended = port.Outstanding & ~active; ended != 0; ended &= ended - 1)
        {
            _counters.Completed++;
        }

        port.Outstanding &= active;
        if (port.Outstanding != 0 && new AhciTaskFile(_registers.ReadPort(host, controller, number, AhciRegister.TaskFile)).HasError)
        {
            _counters.Errors++; // those left wait for the guest to stop the port
            port.Outstanding = 0;
        }
    }

    private void Learn(MediatorHost host, in AhciController controller, int number, ref AhciPort port)
    {
        if (!port.IsKnown)
        {
            port.IsKnown = true;
            port.Command = new AhciPortCommand(_registers.ReadPort(host, controller, number, AhciRegister.Command));
            port.List = _registers.ReadAddress(host, controller, number, AhciRegister.CommandList);
            port.Received = _registers.ReadAddress(host, controller, number, AhciRegister.ReceivedFis);
        }
    }

    private bool MayReceive(MediatorHost host, in AhciController controller, int number, ref AhciPort port, in AhciWrite write)
    {
        if (!ReceivedFisCheck.MayWrite(host, controller, port, write))
        {
            _complaints.Bad(host, controller, number, "received FISes would go to the host's memory"u8);
            return false;
        }

        port.IsKnown = false;
        return true;
    }

    private bool Start(MediatorHost host, in AhciController controller, int number, ref AhciPort port, ref AhciWrite write)
    {
        NoteEnded(host, controller, number, ref port);
        AhciPortCommand after = new(write.Over(port.Command.Value));
        if (!ReceivedFisCheck.MayReceive(host, controller, port, after))
        {
            _complaints.Bad(host, controller, number, "received FISes would go to the host's memory"u8);
            write.Value = new AhciPortCommand(write.Value).WithoutReceive().Value;
            after = after.WithoutReceive();
        }

        if (!after.IsStarted)
        {
            port.Outstanding = 0; // PxCI and PxSACT are cleared (AHCI 1.3.1 §3.3.7, ST)
        }

        port.Command = after;
        return true;
    }

    private bool Issue(MediatorHost host, in AhciController controller, int number, ref AhciPort port, ref AhciWrite write)
    {
        Learn(host, controller, number, ref port);
        if ((port.Outstanding & write.Value) != 0)
        {
            NoteEnded(host, controller, number, ref port);
        }

        if (!port.Command.IsStarted)
        {
            return true; // firmware of some machines does it with ST = 0, where it means nothing (AHCI 1.3.1 §3.3.14)
        }

        if (controller.IsTranslated)
        {
            CountUnseen(ref port, write.Value);
            return true;
        }

        uint refused = 0;
        Span<uint> list = Words.Dwords(host.Memory(port.List, AhciCommandHeader.ListSize));
        for (uint left = write.Value & ~port.Outstanding; left != 0; left &= left - 1)
        {
            int slot = BitScan.Lowest(left);
            refused |= list.IsEmpty || !IsGood(host, controller, list, slot) ? 1u << slot : 0;
        }

        port.Outstanding |= write.Value & ~refused;
        if (refused == 0)
        {
            return true;
        }

        _complaints.Bad(host, controller, number, "a command would reach the host's memory"u8);
        write.Value &= ~refused;
        return write.Value != 0;
    }

    /// <summary>Commands that cannot be looked at: only the IOMMU's tables tell where they are.</summary>
    private void CountUnseen(ref AhciPort port, uint issued)
    {
        for (uint fresh = issued & ~port.Outstanding; fresh != 0; fresh &= fresh - 1)
        {
            _counters.Commands++;
        }

        port.Outstanding |= issued;
    }

    private bool IsGood(MediatorHost host, in AhciController controller, ReadOnlySpan<uint> list, int slot)
    {
        AhciCommandHeader header = AhciCommandHeader.Read(list, slot, controller.Capabilities.Has64Bits);
        Span<byte> table = CommandCheck.Table(host, header);
        if (table.IsEmpty || !CommandCheck.AreBuffersGuests(host, table, header.PrdtLength, controller.Capabilities.Has64Bits))
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
