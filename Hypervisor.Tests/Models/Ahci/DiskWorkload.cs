using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>
/// A guest that behaves: random commands with buffers of all shapes, one after the other or queued, waited for by reading registers or by interrupts; it holds every byte it reads against
/// what it has written, and cleans up behind errors.
/// </summary>
internal sealed class DiskWorkload
{
    private const int Slots = 32;
    private const int MostSectors = 96;
    private const int ReadLookAhead = 0xAA; // SET FEATURES (ATA8-ACS §7.49)

    private static readonly AtaCommand[] _reads =
    [
        AtaCommand.ReadDmaExt, AtaCommand.ReadDma, AtaCommand.ReadSectorsExt, AtaCommand.ReadSectors, AtaCommand.ReadMultipleExt, AtaCommand.ReadMultiple,
    ];

    private static readonly AtaCommand[] _writes =
    [
        AtaCommand.WriteDmaExt, AtaCommand.WriteDma, AtaCommand.WriteDmaFuaExt, AtaCommand.WriteSectorsExt, AtaCommand.WriteSectors, AtaCommand.WriteMultipleExt,
        AtaCommand.WriteMultiple, AtaCommand.WriteMultipleFuaExt,
    ];

    private static readonly (AtaCommand Command, int Bytes)[] _others =
    [
        (AtaCommand.Identify, 512), (AtaCommand.FlushCache, 0), (AtaCommand.FlushCacheExt, 0), (AtaCommand.CheckPower, 0), (AtaCommand.SetFeatures, 0), (AtaCommand.IdleImmediate, 0),
        (AtaCommand.StandbyImmediate, 0),
    ];

    private readonly AhciRig _rig;
    private readonly AhciDriver _driver;
    private readonly DiskView _view;
    private readonly Random _random;
    private readonly GuestBuffers _buffers;

    internal DiskWorkload(AhciRig rig, int port, DiskView view, int seed)
    {
        _rig = rig;
        _view = view;
        _random = new Random(seed);
        _driver = new AhciDriver(rig, port, 0x100_0000 + ((ulong)port * 0x200_0000)) { Waits = Wait };
        _buffers = new GuestBuffers(_random, 0x100_0000 + ((ulong)port * 0x200_0000) + AhciDriver.WorkSize, 0x100_0000);
    }

    /// <summary>What went wrong; empty for nothing.</summary>
    internal List<string> Problems { get; } = [];

    /// <summary>Commands that have ended well, and with an error.</summary>
    internal (int Good, int Refused) Ended { get; private set; }

    internal AhciDriver Driver => _driver;

    /// <summary>Whether stops, resets and such happen in between.</summary>
    internal bool IsRestless { get; init; } = true;

    internal void Run(int rounds)
    {
        _driver.Start();
        for (int i = 0; i < rounds && Problems.Count < 5; i++)
        {
            _buffers.Clear();
            Round(i);
        }
    }

    /// <summary>Reads all of the disk.</summary>
    internal void ReadAll(int atOnce = 64)
    {
        for (ulong lba = 0; lba < _view.Disk.Sectors && Problems.Count < 5; lba += (ulong)atOnce)
        {
            _buffers.Clear();
            Single(AtaCommand.ReadDmaExt, lba, (int)Math.Min((ulong)atOnce, _view.Disk.Sectors - lba), isWrite: false);
        }
    }

    internal void Single(AtaCommand command, ulong lba, int count, bool isWrite)
    {
        (ulong, int)[] buffers = _buffers.Take(count * _view.Disk.SectorSize);
        byte[] data = Fill(buffers, count * _view.Disk.SectorSize, isWrite);
        bool isShort = command is AtaCommand.ReadDma or AtaCommand.ReadSectors or AtaCommand.ReadMultiple or AtaCommand.WriteDma or AtaCommand.WriteSectors or AtaCommand.WriteMultiple;
        CommandFis fis = isShort
            ? new CommandFis(command, lba & 0xFF_FFFF, count & 0xFF, device: (byte)(0x40 | (byte)(lba >> 24 & 0xF)))
            : new CommandFis(command, lba, count & 0xFFFF);
        GuestResult result = _driver.Execute(new GuestCommand(fis) { Buffers = buffers, IsWrite = isWrite }, _random.Next(Slots));
        bool mayBe = lba + (ulong)count <= _view.Disk.Sectors && _view.Allows(lba, count, isWrite);
        Judge($"{command} {lba}+{count} in {buffers.Length}", result, mayBe, wasQueued: false);
        if (mayBe && result.IsGood)
        {
            Settle(lba, count, isWrite, buffers, data, $"{command} {lba}+{count} in {buffers.Length}");
            if (result.Count != count * _view.Disk.SectorSize)
            {
                Problems.Add($"{command} {lba}+{count}: PRDBC is {result.Count}");
            }
        }
    }

    private void Round(int number)
    {
        ulong lba = (ulong)_random.Next((int)_view.Disk.Sectors);
        int count = (int)Math.Min((ulong)_random.Next(1, MostSectors), _view.Disk.Sectors - lba);
        switch (_random.Next(IsRestless ? 20 : 14))
        {
            case < 4:
                Single(_reads[_random.Next(_reads.Length)], lba, count, isWrite: false);
                break;
            case < 8:
                Single(_writes[_random.Next(_writes.Length)], lba, count, isWrite: true);
                break;
            case < 12:
                Queued();
                break;
            case 12:
                (AtaCommand command, int bytes) = _others[_random.Next(_others.Length)];
                Other(new GuestCommand(new CommandFis(command, features: command == AtaCommand.SetFeatures ? ReadLookAhead : 0)) { Buffers = bytes == 0 ? [] : _buffers.Take(bytes) });
                break;
            case 13:
                Trim(lba, count);
                break;
            case 14:
                // Beyond the end: an error, and nothing else.
                Single(_random.Next(2) == 0 ? AtaCommand.ReadDmaExt : AtaCommand.WriteDmaExt, _view.Disk.Sectors - 1, 2, isWrite: _random.Next(2) == 0);
                break;
            case 15:
                Refused(AtaCommand.Nop);
                break;
            case 16:
                _ = _driver.Stop();
                _driver.Start();
                break;
            case 17:
                _ = _driver.ResetLink();
                _driver.Start();
                break;
            case 18 when number % 3 == 0:
                _rig.Put(HostRegister.Control, (uint)(HostControl.AhciEnable | HostControl.Reset));
                if (!_driver.WaitFor(() => (_rig.Get(HostRegister.Control) & (uint)HostControl.Reset) == 0))
                {
                    Problems.Add("a reset of the controller does not end");
                }

                _driver.Start();
                break;
            default:
                _ = _driver.Execute(new GuestCommand(CommandFis.Control(reset: true)) { ClearsBusy = true });
                Judge("software reset", _driver.Execute(new GuestCommand(CommandFis.Control(reset: false))), mayBe: true, wasQueued: false);
                break;
        }
    }

    /// <summary>A number of queued commands at once, none of which writes what another one touches.</summary>
    private void Queued()
    {
        int number = _random.Next(1, Slots + 1);
        List<(int Slot, ulong Lba, int Count, bool IsWrite, (ulong, int)[] Buffers, byte[] Data)> batch = [];
        GuestCommand?[] commands = new GuestCommand?[Slots];
        ulong slice = _view.Disk.Sectors / Slots;
        foreach (int slot in Enumerable.Range(0, Slots).OrderBy(_ => _random.Next()).Take(number))
        {
            bool isWrite = _random.Next(2) == 0;
            int count = _random.Next(1, (int)Math.Min(slice, 40));
            ulong lba = ((ulong)slot * slice) + (ulong)_random.Next((int)slice - count + 1);
            (ulong, int)[] buffers = _buffers.Take(count * _view.Disk.SectorSize);
            byte[] data = Fill(buffers, count * _view.Disk.SectorSize, isWrite);
            CommandFis fis = new(isWrite ? AtaCommand.WriteFpdma : AtaCommand.ReadFpdma, lba, slot << 3, count, device: (byte)(0x40 | (_random.Next(4) == 0 ? 0x80 : 0)));
            commands[slot] = new GuestCommand(fis) { Buffers = buffers, IsWrite = isWrite };
            _driver.Prepare(slot, commands[slot]!);
            batch.Add((slot, lba, count, isWrite, buffers, data));
        }

        // All at once, or one by one; those which would be refused last, because they take the others with them.
        bool together = _random.Next(2) == 0;
        uint issued = 0;
        foreach ((int slot, ulong lba, int count, bool isWrite, _, _) in batch.Where(c => _view.Allows(c.Lba, c.Count, c.IsWrite)))
        {
            issued |= 1u << slot;
            if (!together)
            {
                _driver.Issue(1u << slot, isQueued: true);
                Wait();
            }
        }

        if (together && issued != 0)
        {
            _driver.Issue(issued, isQueued: true);
        }

        GuestResult result = issued == 0 ? new GuestResult(true, 0, 0) : _driver.Await(issued, 0);
        Judge($"{batch.Count} queued", result, mayBe: true, wasQueued: true);
        foreach ((int slot, ulong lba, int count, bool isWrite, (ulong, int)[] buffers, byte[] data) in batch)
        {
            if (!_view.Allows(lba, count, isWrite))
            {
                _driver.Prepare(slot, commands[slot]!); // recovery from the error before has used a slot
                _driver.Issue(1u << slot, isQueued: true);
                Judge($"queued {lba}+{count} {(isWrite ? "write" : "read")}", _driver.Await(1u << slot, slot), mayBe: false, wasQueued: true);
            }
            else if (result.IsGood)
            {
                Settle(lba, count, isWrite, buffers, data, $"queued {lba}+{count} {(isWrite ? "write" : "read")} in {buffers.Length}, slot {slot} of {batch.Count}");
            }
        }
    }

    private void Trim(ulong lba, int count)
    {
        (ulong Address, int Length)[] buffers = _buffers.Take(512);
        byte[] list = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(list, lba | ((ulong)count << 48));
        _driver.Scatter(buffers, list);
        GuestResult result = _driver.Execute(new GuestCommand(new CommandFis(AtaCommand.DataSetManagement, 0, 1, 1)) { Buffers = buffers, IsWrite = true });
        bool mayBe = _view.AllowsOther(AtaCommand.DataSetManagement);
        Judge("TRIM", result, mayBe, wasQueued: false);
        if (mayBe)
        {
            _view.Decode(lba, new byte[count * _view.Disk.SectorSize]).CopyTo(_view.Sectors(lba, count));
        }
    }

    private void Other(GuestCommand command) => Judge(command.Fis.Command.ToString(), _driver.Execute(command, _random.Next(Slots)), _view.AllowsOther(command.Fis.Command), wasQueued: false);

    private void Refused(AtaCommand command) => Judge(command.ToString(), _driver.Execute(new GuestCommand(new CommandFis(command)), _random.Next(Slots)), mayBe: false, wasQueued: false);

    private byte[] Fill((ulong Address, int Length)[] buffers, int length, bool isWrite)
    {
        byte[] data = new byte[length];
        if (isWrite)
        {
            _random.NextBytes(data);
        }
        else
        {
            data.AsSpan().Fill(0xDB);
        }

        _driver.Scatter(buffers, data);
        return data;
    }

    private void Settle(ulong lba, int count, bool isWrite, (ulong Address, int Length)[] buffers, byte[] data, string what)
    {
        if (isWrite)
        {
            data.CopyTo(_view.Sectors(lba, count));
        }

        // What was written is still there as it was; what was read is what is on the disk.
        int differing = _driver.Gather(buffers).AsSpan(0, data.Length).CommonPrefixLength(_view.Sectors(lba, count));
        if (differing != data.Length)
        {
            Problems.Add($"{what}: byte {differing} of {data.Length} is another one");
        }
    }

    private void Judge(string what, GuestResult result, bool mayBe, bool wasQueued)
    {
        Ended = (Ended.Good + (result.IsGood ? 1 : 0), Ended.Refused + (result.IsRefused ? 1 : 0));
        if (!result.IsOver || result.IsGood != mayBe || result.IsRefused == mayBe)
        {
            Problems.Add($"{what}: {(mayBe ? "should have ended well" : "should have been refused")}, PxTFD {result.TaskFile:X4}, PxIS {_driver.Seen}{(result.IsOver ? "" : $", never ended: {_rig.Controller.Port(_driver.Port)}")}");
        }

        if (!result.IsGood && !_driver.Recover(wasQueued))
        {
            Problems.Add($"{what}: no way back from the error");
        }
    }

    /// <summary>Between looks at the registers: a step or more, sometimes until there is an interrupt.</summary>
    private void Wait()
    {
        int most = _random.Next(6) == 0 ? 400 : _random.Next(1, 4);
        for (int i = 0; i < most; i++)
        {
            if (!_rig.Step() || (most == 400 && _rig.IsInterrupting))
            {
                return;
            }
        }
    }
}
