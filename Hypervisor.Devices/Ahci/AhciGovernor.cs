using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Ports to which a rule may apply: the controller works on a command list of the host's, into which the guest's commands are copied. The guest sees what it would see without: a command has
/// ended once the host has ended it, which happens before any register that tells of it is answered.
/// </summary>
internal sealed class AhciGovernor
{
    private const int UpperShift = 32;
    private const uint ListMask = 0xFFFF_FC00; // PxCLB bits 31:10 (AHCI 1.3.1 §3.3.1)
    private const uint DetectionMask = 0xF;
    private const uint DetectionReset = 1; // PxSCTL.DET: COMRESET (§3.3.11)
    private const int AttachReads = 100_000;
    private const int FinishReads = 2_000_000;

    private readonly AhciControllers _controllers;
    private readonly AhciRegisters _registers;
    private readonly AhciCounters _counters;
    private readonly AhciComplaints _complaints;
    private readonly PortPoll _poll;
    private readonly DiskInquiry _inquiry;
    private readonly CommandBuilder _builder;
    private readonly SectorCipher _cipher;
    private int _places;
    private bool _mayRetry;

    internal AhciGovernor(AhciControllers controllers, AhciRegisters registers, AhciCounters counters, AhciComplaints complaints, AhciPolicy policy)
    {
        _controllers = controllers;
        _registers = registers;
        _counters = counters;
        _complaints = complaints;
        _poll = new PortPoll(registers);
        _inquiry = new DiskInquiry(policy, registers, _poll);
        _cipher = new SectorCipher(policy, counters);
        _builder = new CommandBuilder(counters, complaints, new CommandJudge(policy), _cipher, _inquiry);
    }

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        _places = 0;
        _builder.Pool.Clear();
    }

    /// <summary>Takes a port over, at once where it has nothing to do.</summary>
    internal void Take(MediatorHost host, int controller, int number)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        owner.Governed |= 1u << number;
        if (!port.HasPlace)
        {
            if (_places == GovernedMemory.Ports || host.OwnMemory.Length < GovernedMemory.Size)
            {
                AhciText.Port(host.Log(LogLevel.Error), owner, number).Text(": no room to govern it: it is refused"u8).End();
                return;
            }

            port.HasPlace = true;
            port.Place = _places++;
        }

        Learn(host, owner, number, ref port);
        if (port.Command.IsStarted && !port.IsInstalled)
        {
            _ = _poll.WaitIdle(host, owner, number, AttachReads);
            TrySwitch(host, owner, number, ref port);
        }
    }

    /// <summary>Gives a port back, when that is possible.</summary>
    internal void Return(MediatorHost host, int controller, int number)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        if (!port.HasPlace || !port.IsInstalled)
        {
            return;
        }

        for (int i = 0; i < FinishReads && port.IsBusy; i++)
        {
            Pump(host, controller, number, out _, out _);
        }

        bool started = port.Command.IsStarted;
        if (!started || _poll.Stop(host, owner, number))
        {
            _poll.SetList(host, owner, number, port.List);
            port.IsInstalled = false;
            if (started)
            {
                _poll.Start(host, owner, number);
            }
        }
    }

    /// <summary>The controller is reset, or has lost its registers.</summary>
    internal void Reset(MediatorHost host, int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            ref AhciPort port = ref _controllers.Port(controller, BitScan.Lowest(ports));
            if (port.HasPlace)
            {
                DropAll(host, ref port);
                DiskInquiry.Forget(host, port);
                port.IsKnown = false;
                port.IsInstalled = false;
            }
        }
    }

    /// <summary>The machine is awake, or has not slept: a port whose registers are as they were goes on.</summary>
    internal void Resume(MediatorHost host, int controller)
    {
        ref AhciController owner = ref _controllers[controller];
        for (uint ports = owner.Governed; ports != 0; ports &= ports - 1)
        {
            int number = BitScan.Lowest(ports);
            ref AhciPort port = ref _controllers.Port(controller, number);
            if (port.HasPlace && !(port.IsInstalled && port.Command.IsStarted && IsOurs(host, owner, number, port)))
            {
                DropAll(host, ref port);
                DiskInquiry.Forget(host, port);
                port.IsKnown = false;
                port.IsInstalled = false;
            }
        }
    }

    /// <summary>Ends what has ended at all ports of a controller: the guest asks which have something to tell.</summary>
    internal void PumpAll(MediatorHost host, int controller)
    {
        for (uint ports = _controllers[controller].Governed; ports != 0; ports &= ports - 1)
        {
            int number = BitScan.Lowest(ports);
            if (_controllers.Port(controller, number).IsBusy)
            {
                Pump(host, controller, number, out _, out _);
            }
        }
    }

    /// <summary>A read of a register of a port.</summary>
    /// <returns>What the guest gets.</returns>
    internal uint Read(MediatorHost host, int controller, int number, int register)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        Learn(host, owner, number, ref port);
        uint issued;
        uint active;
        switch (register)
        {
            case AhciRegister.CommandList:
                return (uint)port.List;
            case AhciRegister.CommandListUpper:
                return (uint)(port.List >> UpperShift);
            case AhciRegister.CommandIssue:
                Pump(host, controller, number, out issued, out _);
                return issued;
            case AhciRegister.SataActive:
                Pump(host, controller, number, out _, out active);
                return active;
            default:
                uint value = _registers.ReadPort(host, owner, number, register);
                if (port.IsBusy)
                {
                    Pump(host, controller, number, out issued, out active); // whatever the value tells of has been ended before the guest knows
                }

                return value;
        }
    }

    /// <summary>A write to a register of a port.</summary>
    /// <returns>Whether the rest of it is to be written.</returns>
    internal bool Write(MediatorHost host, int controller, int number, ref AhciWrite write)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        Learn(host, owner, number, ref port);
        switch (AhciRegister.InPort(write.Offset))
        {
            case AhciRegister.CommandList:
                port.List = (port.List >> UpperShift << UpperShift) | (write.Over((uint)port.List) & ListMask);
                return !port.IsInstalled && !port.Command.IsStarted;
            case AhciRegister.CommandListUpper:
                uint upper = owner.Capabilities.Has64Bits ? write.Over((uint)(port.List >> UpperShift)) : 0;
                port.List = ((ulong)upper << UpperShift) | (uint)port.List;
                return !port.IsInstalled && !port.Command.IsStarted;
            case AhciRegister.ReceivedFis:
            case AhciRegister.ReceivedFisUpper:
                bool fine = ReceivedFisCheck.MayWrite(host, owner, port, write);
                if (fine)
                {
                    port.Received = ReceivedFisCheck.After(owner, port, write);
                }
                else
                {
                    _complaints.Bad(host, owner, number, "received FISes would go to the host's memory"u8);
                }

                return fine;
            case AhciRegister.Command:
                return WriteCommand(host, controller, number, ref port, ref write);
            case AhciRegister.CommandIssue:
                Issue(host, controller, number, ref port, write.Value);
                return false;
            case AhciRegister.SataActive when port.Command.IsStarted:
                port.Announced |= write.Value;
                return false;
            case AhciRegister.SataControl:
                if ((write.Value & write.Lanes & DetectionMask) == DetectionReset)
                {
                    DiskInquiry.Forget(host, port);
                }

                return true;
            case AhciRegister.SataError:
                if (_inquiry.NotesChange(host, owner, number, write.Value))
                {
                    DiskInquiry.Forget(host, port);
                }

                return true;
            default:
                return true;
        }
    }

    /// <summary>Ends the commands that have ended, and goes on with those that wait.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="number">The port.</param>
    /// <param name="issued">PxCI as the guest sees it.</param>
    /// <param name="active">PxSACT as the guest sees it.</param>
    internal void Pump(MediatorHost host, int controller, int number, out uint issued, out uint active)
    {
        ref AhciController owner = ref _controllers[controller];
        ref AhciPort port = ref _controllers.Port(controller, number);
        issued = _registers.ReadPort(host, owner, number, AhciRegister.CommandIssue);
        active = _registers.ReadPort(host, owner, number, AhciRegister.SataActive);
        if (port.IsStopping)
        {
            if (!_poll.Command(host, owner, number).ListRuns)
            {
                DropAll(host, ref port);
            }

            return;
        }

        uint still = port.Issued & (issued | (active & port.Queued));
        for (uint ended = port.Issued & ~still; ended != 0; ended &= ended - 1)
        {
            Finish(host, owner, number, ref port, BitScan.Lowest(ended));
        }

        if (!port.IsInstalled && port.Held != 0 && port.Command.IsStarted && (issued | active) == 0)
        {
            TrySwitch(host, owner, number, ref port);
            _mayRetry |= port.IsInstalled;
        }

        if (_mayRetry)
        {
            _mayRetry = false;
            IssueHeld(host);
        }

        uint late = port.Held | (port.Issued & ~still);
        issued |= late;
        active |= (late & port.Queued) | port.Announced;
    }

    private void Learn(MediatorHost host, in AhciController controller, int number, ref AhciPort port)
    {
        if (port.IsKnown)
        {
            return;
        }

        port.IsKnown = true;
        port.Command = new AhciPortCommand(_registers.ReadPort(host, controller, number, AhciRegister.Command));
        port.Received = _registers.ReadAddress(host, controller, number, AhciRegister.ReceivedFis);
        ulong list = _registers.ReadAddress(host, controller, number, AhciRegister.CommandList);
        if (list != OwnList(host, port))
        {
            port.List = list;
            port.IsInstalled = false;
        }
    }

    private static ulong OwnList(MediatorHost host, in AhciPort port) => host.OwnMemoryAddress + (uint)GovernedMemory.ListOffset(port.Place);

    private bool IsOurs(MediatorHost host, in AhciController controller, int number, in AhciPort port) =>
        _registers.ReadAddress(host, controller, number, AhciRegister.CommandList) == OwnList(host, port);

    /// <summary>Gives a running port the host's list, where it has no command: it has to be stopped for that (AHCI 1.3.1 §3.3.1).</summary>
    private void TrySwitch(MediatorHost host, in AhciController controller, int number, ref AhciPort port)
    {
        if (!_poll.IsIdle(host, controller, number))
        {
            return;
        }

        if (!_poll.Stop(host, controller, number))
        {
            AhciText.Port(host.Log(LogLevel.Warning), controller, number).Text(": does not stop, so its commands wait"u8).End();
            return;
        }

        _poll.SetList(host, controller, number, OwnList(host, port));
        _poll.Start(host, controller, number);
        port.IsInstalled = true;
    }

    private bool WriteCommand(MediatorHost host, int controller, int number, ref AhciPort port, ref AhciWrite write)
    {
        ref AhciController owner = ref _controllers[controller];
        AhciPortCommand before = _poll.Command(host, owner, number);
        AhciPortCommand after = new(write.Over(before.Value));
        port.Command = before;
        if (!ReceivedFisCheck.MayReceive(host, owner, port, after))
        {
            _complaints.Bad(host, owner, number, "received FISes would go to the host's memory"u8);
            write.Value = new AhciPortCommand(write.Value).WithoutReceive().Value;
            after = after.WithoutReceive();
        }

        if (before.IsStarted && !after.IsStarted)
        {
            FinishParts(host, controller, number, ref port);
            GiveUpHeld(host, ref port);
            port.Announced = 0;
            port.IsStopping = port.Issued != 0;
        }
        else if (!before.IsStarted && after.IsStarted)
        {
            if (port.IsStopping)
            {
                _ = _poll.WaitStopped(host, owner, number);
                DropAll(host, ref port);
            }

            _poll.SetList(host, owner, number, OwnList(host, port));
            port.IsInstalled = true;
        }

        port.Command = after;
        return true;
    }

    /// <summary>
    /// Some firmware takes a command for ended by what is in memory alone, and stops the port. Of a write that goes to the disk in parts the first end is not the last, so the rest is seen
    /// to here.
    /// </summary>
    private void FinishParts(MediatorHost host, int controller, int number, ref AhciPort port)
    {
        ref AhciController owner = ref _controllers[controller];
        Pump(host, controller, number, out _, out _);
        for (int i = 0; i < FinishReads && HasParts(host, port); i++)
        {
            if (new AhciTaskFile(_registers.ReadPort(host, owner, number, AhciRegister.TaskFile)).HasError)
            {
                return;
            }

            Pump(host, controller, number, out _, out _);
        }
    }

    private static bool HasParts(MediatorHost host, in AhciPort port)
    {
        for (uint slots = port.Issued | port.Held; slots != 0; slots &= slots - 1)
        {
            if (GovernedMemory.Slots(host, port.Place)[BitScan.Lowest(slots)].Done > 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Issue(MediatorHost host, int controller, int number, ref AhciPort port, uint value)
    {
        ref AhciController owner = ref _controllers[controller];
        Pump(host, controller, number, out uint issued, out _);
        uint fresh = value & ~(issued | port.Issued | port.Held);
        port.Command = _poll.Command(host, owner, number);
        if (port.Command.IsStarted && !port.IsInstalled)
        {
            port.Held |= fresh;
            port.Queued &= ~fresh;
            return;
        }

        if (port.Command.IsStarted && !port.IsBusy)
        {
            AskFor(host, owner, number, port, fresh);
        }

        uint ready = Prepare(host, owner, number, ref port, fresh);
        Commit(host, owner, number, ref port, ready);
        if (!port.Command.IsStarted)
        {
            // It means nothing where the port is stopped (AHCI 1.3.1 §3.3.14); but some keep the bits until it is started.
            DropLost(host, owner, number, ref port, ready);
        }
    }

    /// <summary>Drops those commands that a stopped port has not taken.</summary>
    private void DropLost(MediatorHost host, in AhciController controller, int number, ref AhciPort port, uint ready)
    {
        uint taken = _registers.ReadPort(host, controller, number, AhciRegister.CommandIssue);
        for (uint lost = ready & ~taken; lost != 0; lost &= lost - 1)
        {
            Drop(host, ref port, BitScan.Lowest(lost));
        }
    }

    private void AskFor(MediatorHost host, in AhciController controller, int number, in AhciPort port, uint fresh)
    {
        for (uint left = fresh; left != 0; left &= left - 1)
        {
            System.Span<uint> list = Words.Dwords(host.Memory(port.List, AhciCommandHeader.ListSize));
            if (list.IsEmpty)
            {
                return;
            }

            AhciCommandHeader header = AhciCommandHeader.Read(list, BitScan.Lowest(left), controller.Capabilities.Has64Bits);
            System.Span<byte> table = host.Memory(header.Table, CommandFis.Space);
            if (!table.IsEmpty && new CommandFis(table).IsCommand)
            {
                _inquiry.Ask(host, controller, number, port, new CommandFis(table).PortMultiplier);
            }
        }
    }

    private uint Prepare(MediatorHost host, in AhciController controller, int number, ref AhciPort port, uint slots)
    {
        uint ready = 0;
        for (uint left = slots; left != 0; left &= left - 1)
        {
            int slot = BitScan.Lowest(left);
            if (_builder.TryPrepare(host, controller, number, ref port, slot))
            {
                ready |= 1u << slot;
                port.Held &= ~(1u << slot);
            }
            else
            {
                _counters.Held += (port.Held >> slot & 1) == 0 ? 1u : 0;
                port.Held |= 1u << slot;
            }
        }

        return ready;
    }

    private void Commit(MediatorHost host, in AhciController controller, int number, ref AhciPort port, uint ready)
    {
        if (ready == 0)
        {
            return;
        }

        uint queued = ready & port.Queued;
        port.Announced &= ~queued;
        if (queued != 0)
        {
            // The end of a queued command is seen in PxSACT, so its bit must be set, whether the guest has done so or not (AHCI 1.3.1 §5.5.1).
            _registers.WritePort(host, controller, number, AhciRegister.SataActive, queued);
        }

        port.Issued |= ready;
        _registers.WritePort(host, controller, number, AhciRegister.CommandIssue, ready);
    }

    private void IssueHeld(MediatorHost host)
    {
        for (int i = 0; i < AhciControllers.Capacity; i++)
        {
            ref AhciController controller = ref _controllers[i];
            for (uint ports = controller.IsUsed ? controller.Governed : 0; ports != 0; ports &= ports - 1)
            {
                int number = BitScan.Lowest(ports);
                ref AhciPort port = ref _controllers.Port(i, number);
                if (port.HasPlace && port.Held != 0 && port.IsInstalled && !port.IsStopping)
                {
                    Commit(host, controller, number, ref port, Prepare(host, controller, number, ref port, port.Held));
                }
            }
        }
    }

    private void Finish(MediatorHost host, in AhciController controller, int number, ref AhciPort port, int slot)
    {
        ref AhciSlot record = ref GovernedMemory.Slots(host, port.Place)[slot];
        uint bit = 1u << slot;
        record.Transferred += AhciCommandHeader.ReadTransferred(GovernedMemory.List(host, port.Place), slot);
        if (record.Encrypts && record.Done + record.Underway < record.Command.Count && HasSucceeded(host, controller, number, port, slot))
        {
            record.Done += record.Underway;
            _builder.Release(host, port, slot);
            port.Issued &= ~bit;
            port.Held |= bit;
            _mayRetry = true;
            return;
        }

        if (record.Decrypts)
        {
            _cipher.Decrypt(
                record.Rules, CommandBuilder.Buffers(host, record), record.Command.Lba, record.Command.Count, GovernedMemory.Sector(host, record.SectorSize));
        }

        System.Span<byte> transferred = host.Memory(record.TransferredAddress, sizeof(uint));
        if (record.TransferredAddress != 0 && !transferred.IsEmpty)
        {
            Words.Dwords(transferred)[0] = record.Transferred;
        }

        _counters.Completed++;
        Drop(host, ref port, slot);
    }

    private bool HasSucceeded(MediatorHost host, in AhciController controller, int number, in AhciPort port, int slot) =>
        (port.Queued >> slot & 1) != 0 || !new AhciTaskFile(_registers.ReadPort(host, controller, number, AhciRegister.TaskFile)).HasError;

    private void Drop(MediatorHost host, ref AhciPort port, int slot)
    {
        ref AhciSlot record = ref GovernedMemory.Slots(host, port.Place)[slot];
        _mayRetry |= record.HasPages;
        record.Done = 0; // what is left of a write in parts is given up
        _builder.Release(host, port, slot);
        port.Issued &= ~(1u << slot);
        port.Held &= ~(1u << slot);
    }

    private void GiveUpHeld(MediatorHost host, ref AhciPort port)
    {
        for (uint left = port.Held; left != 0; left &= left - 1)
        {
            Drop(host, ref port, BitScan.Lowest(left));
        }
    }

    private void DropAll(MediatorHost host, ref AhciPort port)
    {
        for (uint left = port.Issued | port.Held; left != 0; left &= left - 1)
        {
            Drop(host, ref port, BitScan.Lowest(left));
        }

        port.IsStopping = false;
        port.Announced = 0;
    }
}
