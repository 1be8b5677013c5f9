using System;
using System.Linq;
using System.Numerics;

namespace Hypervisor.Tests.Models.Ahci;

/// <content>What a port does by itself: frames, commands, data (AHCI 1.3.1 §5.3, §5.5, §5.6).</content>
internal sealed partial class AhciPort
{
    private const int PacketOffset = 0x40;
    private const int PacketSize = 16;
    private const int LeastPacket = 12;
    private const int CountOffset = 4;
    private const int LeastFisDwords = 2;
    private const int MostFisDwords = 16;

    private DeviceCommand? _current;
    private int _lastSlot = -1;
    private bool _isHalted;

    /// <summary>Whether there is something to do.</summary>
    internal bool CanStep => _stopping > 0 || _deafening > 0 || _isOverriding || (_isLinkComing && Device != null) || HasFrame || CanProgress || CanIssue || CanTransferQueued;

    private bool HasFrame => _incoming.Count != 0 && IsReceiving;

    private bool CanProgress => _current != null && IsRunning && IsReceiving;

    private bool CanIssue =>
        _current == null && IsRunning && IsReceiving && !_isHalted && Device != null && IsLinkUp && (_status & (AtaStatus.Busy | AtaStatus.DataRequest)) == 0 && _issued != 0;

    private bool CanTransferQueued => _current == null && IsRunning && IsReceiving && !_isHalted && Device != null && HasQueued;

    private bool HasQueued => Device!.Queue.Count != 0 || Device.All.Any(d => d.Queue.Count != 0);

    private DeviceCommand[] Queued => Device == null ? [] : [.. Device.All.SelectMany(d => d.Queue)];

    internal void Step()
    {
        if (_stopping > 0)
        {
            _command &= --_stopping == 0 ? ~(PortCommands.ListRunning | PortCommands.SlotMask) : (PortCommands)uint.MaxValue;
        }
        else if (_deafening > 0)
        {
            _command &= --_deafening == 0 ? ~PortCommands.FisReceiveRunning : (PortCommands)uint.MaxValue;
        }
        else if (_isOverriding)
        {
            _isOverriding = false;
            _status &= ~(AtaStatus.Busy | AtaStatus.DataRequest);
        }
        else if (_isLinkComing && Device != null)
        {
            ComeUp();
        }
        else if (HasFrame)
        {
            Receive(_incoming.Dequeue());
        }
        else if (CanProgress)
        {
            Progress(_current!);
        }
        else if (CanIssue && (!CanTransferQueued || controller.Choose(2) == 0))
        {
            Issue(NextSlot());
        }
        else if (CanTransferQueued)
        {
            DeviceCommand[] queued = Queued;
            Progress(queued[queued.Length == 1 ? 0 : controller.Choose(queued.Length)]);
        }
    }

    /// <summary>PxCMD.ST was cleared: slots are forgotten, the device is left with what it has begun.</summary>
    private void StopCommands()
    {
        _issued = 0;
        _active = 0;
        _isHalted = false;
        foreach (DeviceCommand queued in Queued)
        {
            queued.Device!.IsStale = true;
        }

        AbandonTransfer();
    }

    private void AbandonTransfer()
    {
        _current = null;
        foreach (DeviceCommand queued in Queued)
        {
            queued.Device!.Queue.Clear();
        }
    }

    private int NextSlot()
    {
        int from = (_lastSlot + 1) & 31;
        return (BitOperations.TrailingZeroCount(BitOperations.RotateRight(_issued, from)) + from) & 31;
    }

    /// <summary>A slot is fetched, and its frame sent.</summary>
    private void Issue(int slot)
    {
        _lastSlot = slot;
        _command = (_command & ~PortCommands.SlotMask) | (PortCommands)(slot << 8);
        byte[] headerBytes = new byte[CommandHeader.Size];
        byte[] fisBytes = new byte[CommandFis.Size];
        byte[] packet = new byte[PacketSize];
        if (!controller.Memory.Read(_listBase + (ulong)(slot * CommandHeader.Size), headerBytes))
        {
            Halt(PortInterrupts.HostBusFatal);
            return;
        }

        CommandHeader header = new(headerBytes);
        if (header.FisDwords is < LeastFisDwords or > MostFisDwords)
        {
            Halt(PortInterrupts.InterfaceFatal);
            return;
        }

        if (!controller.Memory.Read(header.Table, fisBytes.AsSpan(0, header.FisDwords * sizeof(uint))) || (header.IsAtapi && !controller.Memory.Read(header.Table + PacketOffset, packet)))
        {
            Halt(PortInterrupts.HostBusFatal);
            return;
        }

        CommandFis fis = new(fisBytes);
        if (!fis.IsRegister)
        {
            Halt(PortInterrupts.InterfaceFatal);
            return;
        }

        if (fis.IsCommand && fis.Command == AtaCommand.Packet && !header.IsAtapi && header.IsWrite && header.Descriptors != 0)
        {
            FetchPacket(header, packet);
        }

        _status |= AtaStatus.Busy;
        if (Device!.At(fis.MultiplierPort) is { } device)
        {
            Send(slot, header, fis, packet, device);
        }
    }

    /// <summary>Without A the data that the device asks for first, its packet, come from where all data do.</summary>
    private void FetchPacket(CommandHeader header, byte[] packet)
    {
        byte[] descriptor = new byte[RegionDescriptor.Size];
        if (controller.Memory.Read(header.Table + RegionDescriptor.TableOffset, descriptor))
        {
            _ = controller.Memory.Read(new RegionDescriptor(descriptor).Address, packet.AsSpan(0, LeastPacket));
        }
    }

    private void Send(int slot, CommandHeader header, CommandFis fis, byte[] packet, SataDevice device)
    {
        if (!fis.IsCommand)
        {
            WriteControl(slot, header, fis, device);
            return;
        }

        DeviceCommand command = device.Begin(fis, packet);
        command.Slot = slot;
        command.Header = header;
        command.Device = device;
        _current = command;
        ClearCount(command);
    }

    /// <summary>Software reset (SATA 3.0 §11.4, AHCI 1.3.1 §10.4.1): the second frame takes the bit back, and the device says what it is.</summary>
    private void WriteControl(int slot, CommandHeader header, CommandFis fis, SataDevice device)
    {
        if (fis.IsSoftReset)
        {
            device.Reset();
            device.IsStale = false;
        }
        else
        {
            _incoming.Enqueue(device.Signature());
        }

        if (header.ClearsBusy)
        {
            _status &= ~AtaStatus.Busy;
            _issued &= ~(1u << slot);
        }
        else
        {
            _lastControl = slot;
        }
    }

    private int _lastControl = -1;

    private void Progress(DeviceCommand command)
    {
        if (command.IsQueued && !command.IsAccepted)
        {
            Accept(command);
        }
        else if (command.Done < command.Length && !command.IsError)
        {
            Move(command);
        }
        else
        {
            Complete(command);
        }
    }

    /// <summary>The device takes a queued command: the task file and the slot are free again, the tag stays (SATA 3.0 §13.6.4).</summary>
    private void Accept(DeviceCommand command)
    {
        if (command.IsError)
        {
            Complete(command);
            return;
        }

        command.IsAccepted = true;
        command.Device!.Queue.Add(command);
        _current = null;
        _issued &= ~(1u << command.Slot);
        Receive(ResponseFis.Register(AtaStatus.Idle, AtaError.None, 0, 0, interrupts: false, command.Device.MultiplierPort));
    }

    private void Move(DeviceCommand command)
    {
        if (command.IsQueued)
        {
            Post(ResponseFis.Dma(command.Direction == TransferDirection.ToHost, command.Fis.Tag, command.Length - command.Done, command.Device!.MultiplierPort));
        }

        for (int i = 0; i < controller.Options.BlocksAtOnce && command.Done < command.Length && !_isHalted; i++)
        {
            MoveBlock(command);
        }
    }

    private void MoveBlock(DeviceCommand command)
    {
        byte[] data = new byte[Math.Min(command.Block, command.Length - command.Done)];
        bool toHost = command.Direction == TransferDirection.ToHost;
        bool isLast = command.Done + data.Length == command.Length;
        AtaStatus end = isLast && toHost && !command.IsPacket ? command.Status : AtaStatus.Busy | AtaStatus.Idle;
        ResponseFis setup = ResponseFis.Pio(toHost, toHost || command.Done != 0, end, data.Length, command.Device!.MultiplierPort);
        if (command.IsPio && !Post(setup))
        {
            return;
        }

        if (toHost)
        {
            command.Transfer!(command.Done, data);
        }

        if (!MoveData(command, data, toHost))
        {
            return;
        }

        if (!toHost)
        {
            if (command.IsShort)
            {
                End(command, AtaStatus.Idle | AtaStatus.Error, AtaError.InterfaceCrc | AtaError.Abort);
                return;
            }

            command.Transfer!(command.Done, data);
        }

        command.Done += data.Length;
        if (command.IsPio)
        {
            _status = end;
            _error = AtaError.None;
            _interrupts |= setup.Interrupts ? PortInterrupts.PioSetup : 0;
        }
    }

    private void Complete(DeviceCommand command)
    {
        bool endsWithSetup = command is { IsPio: true, IsPacket: false, Direction: TransferDirection.ToHost, IsError: false };
        if (!command.IsError)
        {
            command.Finish?.Invoke();
        }

        if (endsWithSetup)
        {
            WriteCount(command);
            _issued &= ~(1u << command.Slot);
            _current = null;
            return;
        }

        End(command, command.Status, command.Error);
    }

    /// <summary>The last frame of a command.</summary>
    private void End(DeviceCommand command, AtaStatus status, AtaError error)
    {
        SataDevice device = command.Device!;
        bool failed = (status & AtaStatus.Error) != 0;
        _current = null;
        if (!command.IsQueued)
        {
            WriteCount(command);
            _issued &= failed ? uint.MaxValue : ~(1u << command.Slot);
            Receive(ResponseFis.Register(status, error, command.Lba, command.Count, interrupts: true, device.MultiplierPort));
        }
        else
        {
            device.Queue.Remove(command);
            if (failed)
            {
                device.FailQueue(command);
            }

            // The task file is free again before the error is reported: a queued command never leaves it busy.
            _issued &= ~(1u << command.Slot);
            _status &= ~AtaStatus.Busy;
            Receive(ResponseFis.Bits(status, error, failed ? 0 : 1u << command.Fis.Tag, device.MultiplierPort));
        }
    }

    /// <summary>A frame arrives: into memory, then into registers.</summary>
    private void Receive(ResponseFis fis)
    {
        if (!Post(fis))
        {
            return;
        }

        _error = fis.Error;
        _status = fis.Type == FisType.SetDeviceBits
            ? (_status & (AtaStatus.Busy | AtaStatus.DataRequest)) | fis.Status
            : fis.Status;
        if (fis.Type == FisType.SetDeviceBits)
        {
            _active &= ~fis.Completed;
            _interrupts |= fis.Interrupts ? PortInterrupts.SetDeviceBits : 0;
        }
        else
        {
            _interrupts |= fis.Interrupts ? PortInterrupts.DeviceToHost : 0;
        }

        if (fis.IsSignature)
        {
            _signature = fis.Signature;
            _issued &= _lastControl >= 0 ? ~(1u << _lastControl) : uint.MaxValue;
            _lastControl = -1;
        }

        if ((fis.Status & AtaStatus.Error) != 0)
        {
            Halt(PortInterrupts.TaskFileError);
        }
    }

    /// <summary>Puts a frame into the received FIS area.</summary>
    private bool Post(ResponseFis fis)
    {
        if (controller.Memory.Write(_fisBase + (ulong)fis.Offset, fis.Bytes))
        {
            return true;
        }

        Halt(PortInterrupts.HostBusFatal);
        return false;
    }

    /// <summary>An error after which the port does nothing until PxCMD.ST was cleared (AHCI 1.3.1 §6.2.2).</summary>
    private void Halt(PortInterrupts reason)
    {
        _interrupts |= reason;
        _isHalted = true;
        _current = null;
    }

    private void ClearCount(DeviceCommand command) => SetCount(command, 0);

    /// <summary>PRDBC (AHCI 1.3.1 §5.4.1); not for queued commands.</summary>
    private void WriteCount(DeviceCommand command) => SetCount(command, command.Done);

    private void SetCount(DeviceCommand command, int value)
    {
        if (!command.IsQueued && !controller.Memory.Write(_listBase + (ulong)((command.Slot * CommandHeader.Size) + CountOffset), BitConverter.GetBytes(value)))
        {
            Halt(PortInterrupts.HostBusFatal);
        }
    }

    /// <summary>Moves a block between the device and what descriptors name, which are read when they are needed.</summary>
    private bool MoveData(DeviceCommand command, Span<byte> data, bool toHost)
    {
        byte[] bytes = new byte[RegionDescriptor.Size];
        while (data.Length != 0)
        {
            (int index, int offset) = command.Place;
            if (index >= command.Header.Descriptors)
            {
                // The device sends more than there is room for: the rest is dropped (AHCI 1.3.1 §6.1.9).
                _interrupts |= toHost ? PortInterrupts.Overflow : 0;
                command.IsShort = true;
                return true;
            }

            if (!controller.Memory.Read(command.Header.Table + RegionDescriptor.TableOffset + ((ulong)index * RegionDescriptor.Size), bytes))
            {
                Halt(PortInterrupts.HostBusFatal);
                return false;
            }

            RegionDescriptor descriptor = new(bytes);
            int length = Math.Min(data.Length, descriptor.Length - offset);
            ulong address = descriptor.Address + (ulong)offset;
            if (!(toHost ? controller.Memory.Write(address, data[..length]) : controller.Memory.Read(address, data[..length])))
            {
                Halt(PortInterrupts.HostBusData | PortInterrupts.HostBusFatal);
                return false;
            }

            data = data[length..];
            bool isDone = offset + length == descriptor.Length;
            command.Place = isDone ? (index + 1, 0) : (index, offset + length);
            _interrupts |= isDone && descriptor.Interrupts ? PortInterrupts.DescriptorProcessed : 0;
        }

        return true;
    }
}
