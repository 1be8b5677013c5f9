using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Ports to which a rule may apply: the controller works on a command list of the host's, into which the guest's commands are copied. The guest sees what it would see without. Whatever
/// it writes to registers is written here, while nobody else can come in between, and by the same way by which they are read.
/// </summary>
internal sealed class AhciGovernor
{
    private const int UpperShift = 32;
    private const uint ListMask = 0xFFFF_FC00; // PxCLB bits 31:10 (AHCI 1.3.1 §3.3.1)
    private const uint DetectionMask = 0xF;
    private const uint DetectionReset = 1; // PxSCTL.DET: COMRESET (§3.3.11)
    private const int FinishReads = 200_000;

    private readonly AhciControllers _controllers;
    private readonly AhciRegisters _registers;
    private readonly AhciComplaints _complaints;
    private readonly DiskInquiry _inquiry;
    private readonly SlotQueue _queue;
    private readonly SlotCompletion _completion;
    private readonly PortOwner _owner;
    private int _places;

    internal AhciGovernor(AhciControllers controllers, AhciRegisters registers, AhciCounters counters, AhciComplaints complaints, AhciPolicy policy)
    {
        SectorCipher cipher = new(policy, counters);
        _controllers = controllers;
        _registers = registers;
        _complaints = complaints;
        _inquiry = new DiskInquiry(policy);
        _queue = new SlotQueue(counters, _inquiry, new CommandBuilder(counters, complaints, new CommandJudge(policy), cipher, _inquiry));
        _completion = new SlotCompletion(_queue, cipher, counters);
        _owner = new PortOwner(_queue);
    }

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        _places = 0;
        _queue.Clear();
    }

    /// <summary>Takes a port over.</summary>
    internal void Take(MediatorHost host, int controller, int number)
    {
        PortAccess port = Access(host, controller, number);
        port.Controller.Governed |= 1u << number;
        if (!port.State.HasPlace)
        {
            if (_places == GovernedMemory.Ports || host.OwnMemory.Length < GovernedMemory.Size)
            {
                port.Log(LogLevel.Error).Text(": no room to govern it: it is refused"u8).End();
                return;
            }

            port.State.HasPlace = true;
            port.State.Place = _places++;
        }

        _owner.Take(port);
    }

    /// <summary>Gives a port back, when that is possible.</summary>
    internal void Return(MediatorHost host, int controller, int number)
    {
        PortAccess port = Access(host, controller, number);
        if (!port.State.HasPlace || !port.State.IsInstalled)
        {
            return;
        }

        for (int i = 0; i < FinishReads && port.State.IsBusy; i++)
        {
            Pump(host, port, out _, out _);
        }

        PortOwner.Return(port);
    }

    /// <summary>The controller is reset, or has lost its registers.</summary>
    internal void Reset(MediatorHost host, int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            PortAccess port = Access(host, controller, BitScan.Lowest(ports));
            if (port.State.HasPlace)
            {
                _owner.Lost(port);
            }
        }
    }

    /// <summary>The registers are somewhere else, or something else: what was known about them counts no more.</summary>
    internal void Moved(int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            _controllers.Port(controller, BitScan.Lowest(ports)).IsKnown = false;
        }
    }

    /// <summary>The machine is awake, or has not slept.</summary>
    internal void Resume(MediatorHost host, int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            PortAccess port = Access(host, controller, BitScan.Lowest(ports));
            if (port.State.HasPlace)
            {
                _owner.Resume(port);
            }
        }
    }

    /// <summary>Ends what has ended at all ports of a controller: the guest asks which have something to tell.</summary>
    internal void PumpAll(MediatorHost host, int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            PortAccess port = Access(host, controller, BitScan.Lowest(ports));
            if (port.State.IsBusy)
            {
                Pump(host, port, out _, out _);
            }
        }
    }

    /// <summary>A read of a register of a port.</summary>
    /// <returns>What the guest gets.</returns>
    internal uint Read(MediatorHost host, int controller, int number, int register)
    {
        PortAccess port = Access(host, controller, number);
        PortOwner.Learn(port);
        uint issued;
        uint active;
        switch (register)
        {
            case AhciRegister.CommandList:
                return (uint)port.State.List;
            case AhciRegister.CommandListUpper:
                return (uint)(port.State.List >> UpperShift);
            case AhciRegister.CommandIssue:
                Pump(host, port, out issued, out _);
                return issued;
            case AhciRegister.SataActive:
                Pump(host, port, out _, out active);
                return active;
            default:
                uint value = port.Read(register);
                if (port.State.IsBusy)
                {
                    Pump(host, port, out _, out _); // whatever the value tells of has been ended before the guest knows
                }

                return value;
        }
    }

    /// <summary>A write to a register of a port.</summary>
    internal void Write(MediatorHost host, int controller, int number, in AhciAccess access)
    {
        PortAccess port = Access(host, controller, number);
        AhciWrite write = access.Write;
        PortOwner.Learn(port);
        switch (AhciRegister.InPort(write.Offset))
        {
            case AhciRegister.CommandList:
                port.State.List = (port.State.List >> UpperShift << UpperShift) | (write.Over((uint)port.State.List) & ListMask);
                break; // the controller has, or will have, the host's
            case AhciRegister.CommandListUpper:
                uint upper = port.Controller.Capabilities.Has64Bits ? write.Over((uint)(port.State.List >> UpperShift)) : 0;
                port.State.List = ((ulong)upper << UpperShift) | (uint)port.State.List;
                break;
            case AhciRegister.ReceivedFis:
            case AhciRegister.ReceivedFisUpper:
                WriteReceived(port, write);
                break;
            case AhciRegister.Command:
                WriteCommand(host, port, write);
                break;
            case AhciRegister.CommandIssue:
                Issue(host, port, write.Value);
                break;
            case AhciRegister.SataActive when port.State.Command.IsStarted:
                port.State.Announced |= write.Value;
                break;
            case AhciRegister.FisSwitching:
                break; // the controller does not tell the guest that it has it
            case AhciRegister.SataControl:
                if ((write.Value & write.Lanes & DetectionMask) == DetectionReset)
                {
                    DiskInquiry.Forget(port);
                }

                _registers.Perform(host, port.Controller, access);
                break;
            case AhciRegister.SataError:
                if (DiskInquiry.NotesChange(port, write.Value))
                {
                    DiskInquiry.Forget(port);
                }

                _registers.Perform(host, port.Controller, access);
                break;
            default:
                _registers.Perform(host, port.Controller, access);
                break;
        }
    }

    private PortAccess Access(MediatorHost host, int controller, int number) => new(host, _registers, _controllers, controller, number);

    private void WriteReceived(in PortAccess port, in AhciWrite write)
    {
        if (!ReceivedFisCheck.MayWrite(port, write))
        {
            _complaints.Bad(port, "received FISes would go to the host's memory"u8);
            return;
        }

        port.State.Received = ReceivedFisCheck.After(port, write);
        int register = AhciRegister.InPort(write.Offset);
        port.Write(register, (uint)(register == AhciRegister.ReceivedFis ? port.State.Received : port.State.Received >> UpperShift));
    }

    private void WriteCommand(MediatorHost host, in PortAccess port, in AhciWrite write)
    {
        port.State.Command = port.Command;
        AhciPortCommand after = new(write.Over(port.State.Command.Value));
        if (!ReceivedFisCheck.MayReceive(port, after))
        {
            _complaints.Bad(port, "received FISes would go to the host's memory"u8);
            after = after.WithoutReceive();
        }

        if (port.State.Command.IsStarted && !after.IsStarted)
        {
            FinishParts(host, port);
        }

        _owner.SetCommand(port, after);
        port.Write(AhciRegister.Command, after.Value);
    }

    /// <summary>
    /// Some firmware takes a command for ended by what is in memory alone, and stops the port. Of a write that goes to the disk in parts the first end is not the last, so the rest is seen
    /// to here; also where it waits for memory that other ports have.
    /// </summary>
    private void FinishParts(MediatorHost host, in PortAccess port)
    {
        Pump(host, port, out _, out _);
        for (int i = 0; i < FinishReads && SlotCompletion.HasParts(port) && !port.TaskFile.HasError; i++)
        {
            PumpEverywhere(host);
        }
    }

    private void Issue(MediatorHost host, in PortAccess port, uint value)
    {
        Pump(host, port, out uint issued, out _);
        _queue.Issue(port, value & ~(issued | port.State.Issued | port.State.Held));
        if (port.State.Held != 0 && !port.State.IsInstalled)
        {
            Pump(host, port, out _, out _); // the host's list may be given to it at once
        }
    }

    /// <summary>Ends the commands of a port that have ended, and goes on with those that wait, wherever.</summary>
    private void Pump(MediatorHost host, in PortAccess port, out uint issued, out uint active)
    {
        _completion.Pump(port, out issued, out active);
        if (!_queue.HasRoom)
        {
            return;
        }

        _queue.HasRoom = false;
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            for (uint ports = GovernedPorts(i); ports != 0; ports &= ports - 1)
            {
                PortAccess other = Access(host, i, BitScan.Lowest(ports));
                if (other.State.HasPlace)
                {
                    _queue.IssueHeld(other);
                }
            }
        }
    }

    private void PumpEverywhere(MediatorHost host)
    {
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            if (GovernedPorts(i) != 0)
            {
                PumpAll(host, i);
            }
        }
    }

    private uint GovernedPorts(int controller) => _controllers[controller].IsUsed ? _controllers[controller].Governed : 0;
}
