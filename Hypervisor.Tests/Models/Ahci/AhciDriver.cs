using System;
using System.Linq;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>
/// A guest's driver of one port, which obeys AHCI 1.3.1 §10: it waits by reading registers, and steps the controller while it does. Its list, area and tables are at
/// <paramref name="work"/>, <see cref="WorkSize"/> bytes.
/// </summary>
internal sealed class AhciDriver(AhciRig rig, int port, ulong work)
{
    internal const int WorkSize = 0x10_0000;

    /// <summary>Descriptors there is room for.</summary>
    internal const int MostBuffers = (TableSize - RegionDescriptor.TableOffset) / RegionDescriptor.Size;

    private const int ListSize = 0x400;
    private const int TableOffset = 0x1000;
    private const int TableSize = 0x7000;
    private const int Patience = 20_000;

    private const PortInterrupts Wanted = PortInterrupts.All & ~PortInterrupts.DescriptorProcessed;

    internal int Port => port;

    /// <summary>What PxIS said when it was last cleared.</summary>
    internal PortInterrupts Seen { get; private set; }

    /// <summary>Called between looks at the registers; without it the controller makes a step.</summary>
    internal Action? Waits { get; set; }

    /// <summary>The received FIS area.</summary>
    internal Span<byte> Frames => rig.Ram(work + ListSize, 0x100);

    /// <summary>Starts the port: AHCI 1.3.1 §10.1.2, §10.3.1.</summary>
    internal void Start()
    {
        rig.Put(HostRegister.Control, (uint)(HostControl.AhciEnable | HostControl.InterruptEnable));
        Stop();
        rig.Put(port, PortRegister.CommandListBase, (uint)work);
        rig.Put(port, PortRegister.CommandListBaseUpper, (uint)(work >> 32));
        rig.Put(port, PortRegister.FisBase, (uint)work + ListSize);
        rig.Put(port, PortRegister.FisBaseUpper, (uint)((work + ListSize) >> 32));
        rig.Put(port, PortRegister.SataError, uint.MaxValue);
        Acknowledge();
        rig.Put(port, PortRegister.InterruptEnable, (uint)Wanted);
        SetCommand(PortCommands.FisReceive, PortCommands.None);
        WaitFor(() => (rig.Get(port, PortRegister.TaskFile) & (uint)(AtaStatus.Busy | AtaStatus.DataRequest)) == 0);
        rig.Put(port, PortRegister.SataError, uint.MaxValue);
        SetCommand(PortCommands.Start, PortCommands.None);
    }

    /// <summary>Stops the port: AHCI 1.3.1 §10.3.2, §10.3.1.</summary>
    internal bool Stop()
    {
        SetCommand(PortCommands.None, PortCommands.Start);
        bool isStopped = WaitFor(() => (GetCommand() & PortCommands.ListRunning) == 0);
        SetCommand(PortCommands.None, PortCommands.FisReceive);
        return WaitFor(() => (GetCommand() & PortCommands.FisReceiveRunning) == 0) && isStopped;
    }

    /// <summary>After an error: AHCI 1.3.1 §6.2.2; and the log of queued commands is read, so that the device goes on (SATA 3.0 §13.6.5).</summary>
    internal bool Recover(bool wasQueued)
    {
        bool isStopped = Stop();
        if ((rig.Get(port, PortRegister.TaskFile) & (uint)(AtaStatus.Busy | AtaStatus.DataRequest)) != 0)
        {
            ResetLink();
        }

        Start();
        return isStopped && (!wasQueued || Execute(new GuestCommand(new CommandFis(AtaCommand.ReadLogExt, 0x10, 1)) { Buffers = [(work + WorkSize - 0x1000, 512)] }).IsGood);
    }

    /// <summary>COMRESET: AHCI 1.3.1 §10.4.2.</summary>
    internal bool ResetLink()
    {
        SetCommand(PortCommands.None, PortCommands.Start);
        rig.Put(port, PortRegister.SataControl, 0x301);
        Wait();
        rig.Put(port, PortRegister.SataControl, 0x300);
        return WaitFor(() => (rig.Get(port, PortRegister.SataStatus) & 0xF) == 3);
    }

    /// <summary>Writes a command into a slot's memory; nothing happens yet.</summary>
    internal void Prepare(int slot, GuestCommand command)
    {
        ulong table = Table(slot);
        Span<byte> bytes = rig.Ram(table, TableSize);
        bytes[..RegionDescriptor.TableOffset].Clear();
        command.Fis.Bytes.CopyTo(bytes);
        command.Packet?.CopyTo(bytes[0x40..]);
        for (int i = 0; i < command.Buffers.Length; i++)
        {
            new RegionDescriptor(command.Buffers[i].Address, command.Buffers[i].Length, interrupts: i == command.Buffers.Length - 1)
                .WriteTo(bytes[(RegionDescriptor.TableOffset + (i * RegionDescriptor.Size))..]);
        }

        new CommandHeader(5, command.Packet != null, command.IsWrite, command.ClearsBusy, command.Fis.MultiplierPort, command.Buffers.Length, table)
            .WriteTo(rig.Ram(work + (ulong)(slot * CommandHeader.Size), CommandHeader.Size));
    }

    /// <summary>Gives prepared commands to the hardware.</summary>
    internal void Issue(uint slots, bool isQueued)
    {
        if (isQueued)
        {
            rig.Put(port, PortRegister.SataActive, slots);
        }

        rig.Put(port, PortRegister.CommandIssue, slots);
    }

    /// <summary>Slots that are neither finished nor given up.</summary>
    internal uint Pending() => rig.Get(port, PortRegister.CommandIssue) | rig.Get(port, PortRegister.SataActive);

    /// <summary>One command from its beginning to its end.</summary>
    internal GuestResult Execute(GuestCommand command, int slot = 0)
    {
        Prepare(slot, command);
        Issue(1u << slot, command.IsQueued);
        return Await(1u << slot, slot);
    }

    /// <summary>Waits until slots have ended, or one of them has failed.</summary>
    internal GuestResult Await(uint slots, int slot)
    {
        bool isOver = WaitFor(() => (Pending() & slots) == 0 || (rig.Get(port, PortRegister.InterruptStatus) & (uint)(PortInterrupts.TaskFileError | PortInterrupts.HostBusFatal
            | PortInterrupts.InterfaceFatal)) != 0);
        uint taskFile = rig.Get(port, PortRegister.TaskFile);
        Acknowledge();
        int count = BitConverter.ToInt32(rig.Ram(work + (ulong)(slot * CommandHeader.Size) + 4, 4));
        return new GuestResult(isOver, taskFile, count);
    }

    /// <summary>Clears what has interrupted: AHCI 1.3.1 §5.6.2.1, PxIS before IS.</summary>
    internal void Acknowledge()
    {
        Seen = (PortInterrupts)rig.Get(port, PortRegister.InterruptStatus);
        rig.Put(port, PortRegister.InterruptStatus, (uint)Seen);
        rig.Put(HostRegister.InterruptStatus, 1u << port);
    }

    internal ulong Table(int slot) => work + TableOffset + ((ulong)slot * TableSize);

    internal bool WaitFor(Func<bool> condition)
    {
        for (int i = 0; i < Patience; i++)
        {
            if (condition())
            {
                return true;
            }

            Wait();
        }

        return false;
    }

    internal PortCommands GetCommand() => (PortCommands)rig.Get(port, PortRegister.Command);

    internal void SetCommand(PortCommands set, PortCommands clear) => rig.Put(port, PortRegister.Command, (uint)((GetCommand() & ~clear) | set));

    /// <summary>Bytes of a list of buffers, one after the other.</summary>
    internal byte[] Gather((ulong Address, int Length)[] buffers)
    {
        byte[] data = new byte[buffers.Sum(b => b.Length)];
        int at = 0;
        foreach ((ulong address, int length) in buffers)
        {
            rig.Ram(address, length).CopyTo(data.AsSpan(at));
            at += length;
        }

        return data;
    }

    internal void Scatter((ulong Address, int Length)[] buffers, ReadOnlySpan<byte> data)
    {
        foreach ((ulong address, int length) in buffers)
        {
            int part = Math.Min(length, data.Length);
            data[..part].CopyTo(rig.Ram(address, part));
            data = data[part..];
        }
    }

    private void Wait()
    {
        if (Waits != null)
        {
            Waits();
        }
        else
        {
            rig.Step();
        }
    }
}
