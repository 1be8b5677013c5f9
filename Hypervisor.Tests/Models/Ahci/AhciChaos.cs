using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>
/// A guest that does not behave: accesses of registers of all widths by all ways, commands of all kinds with descriptors to anywhere, ports stopped, started and reset at any moment. What it
/// does depends on its seed alone.
/// </summary>
internal sealed class AhciChaos
{
    private const ulong Arena = 0x100_0000;
    private const ulong PortSize = 0x100_0000;
    private const ulong DataOffset = 0x40_0000;
    private const ulong Tables = 0x1_0000;
    private const int TableSize = 0x2000;
    private const int Slots = 32;
    private const uint StartAndReceive = (uint)(PortCommands.Start | PortCommands.FisReceive | PortCommands.SpinUp | PortCommands.PowerOn);

    private static readonly AtaCommand[] _commands =
    [
        AtaCommand.ReadDmaExt, AtaCommand.WriteDmaExt, AtaCommand.ReadFpdma, AtaCommand.WriteFpdma, AtaCommand.WriteFpdma, AtaCommand.WriteSectors, AtaCommand.WriteSectorsExt,
        AtaCommand.WriteMultiple, AtaCommand.WriteMultipleExt, AtaCommand.WriteDma, AtaCommand.WriteDmaOld, AtaCommand.WriteDmaFuaExt, AtaCommand.WriteMultipleFuaExt, (AtaCommand)0x31,
        AtaCommand.DataSetManagement, AtaCommand.WriteUncorrectable, AtaCommand.SecurityErase, AtaCommand.SanitizeDevice, AtaCommand.WriteLogExt, AtaCommand.WriteLogDmaExt,
        AtaCommand.DownloadMicrocode, AtaCommand.Smart, AtaCommand.Identify, AtaCommand.ReadLogExt, AtaCommand.ReadSectors, AtaCommand.ReadDma, AtaCommand.FlushCache, AtaCommand.Packet,
        AtaCommand.Nop, AtaCommand.IdentifyPacket, AtaCommand.WriteBuffer, AtaCommand.ReadBuffer, AtaCommand.ReadLogDmaExt,
    ];

    private static readonly byte[] _packets = [0x00, 0x12, 0x28, 0xA8, 0x2A, 0xAA, 0x2A, 0x04, 0xA1, 0x03, 0x25, 0x1B, 0x55, 0x3B];

    private readonly AhciRig _rig;
    private readonly Random _random;
    private readonly int _ports;
    private readonly (ulong Start, ulong End) _host;
    private ulong _registers = AhciFunction.RegisterBase;

    /// <summary>A guest.</summary>
    /// <param name="rig">Its machine.</param>
    /// <param name="ports">Number of ports it uses.</param>
    /// <param name="seed">Decides what it does.</param>
    /// <param name="host">Memory it tries to reach; empty for none.</param>
    internal AhciChaos(AhciRig rig, int ports, int seed, (ulong Start, ulong End) host = default)
    {
        _rig = rig;
        _ports = ports;
        _random = new Random(seed);
        _host = host;
    }

    /// <summary>Whether memory is changed while the controller uses it, and lists are moved while they run.</summary>
    internal bool IsUntimely { get; init; }

    /// <summary>Whether commands are changed at the very moment at which the controller reads them.</summary>
    internal bool Meddles { get; init; }

    /// <summary>Whether base addresses move and decoding is switched.</summary>
    internal bool MovesRegisters { get; init; } = true;

    /// <summary>Whether the pair in configuration space is there.</summary>
    internal bool HasConfigurationPair { get; init; }

    internal void Run(int rounds)
    {
        _rig.Memory.Accessed = Meddles ? _ => Meddle() : null;
        for (int port = 0; port < _ports; port++)
        {
            SetAddresses(port, 0);
            Put(port, PortRegister.Command, StartAndReceive);
            Put(port, PortRegister.InterruptEnable, (uint)PortInterrupts.All);
        }

        Access(4, (int)HostRegister.Control, isWrite: true, (uint)(HostControl.AhciEnable | HostControl.InterruptEnable));
        for (int i = 0; i < rounds; i++)
        {
            Round();
        }

        _rig.Memory.Accessed = null;
    }

    private void Meddle()
    {
        if (_random.Next(16) == 0)
        {
            Prepare(_random.Next(_ports), _random.Next(Slots));
        }
    }

    private void Round()
    {
        int port = _random.Next(_ports);
        switch (_random.Next(24))
        {
            case < 4:
                Any(port);
                break;
            case < 10:
                for (int i = _random.Next(12); i > 0; i--)
                {
                    _rig.Step();
                }

                break;
            case < 15:
                Command(port);
                break;
            case < 17:
                Put(port, PortRegister.InterruptStatus, Bits());
                Put(port, PortRegister.SataError, Bits());
                break;
            case 17:
                Revive(port);
                break;
            case 18:
                Put(port, PortRegister.Command, _random.Next(3) == 0 ? Bits() : StartAndReceive & ~(uint)_random.Next(0x20));
                break;
            case 19:
                if (IsUntimely || IsStopped(port))
                {
                    SetAddresses(port, _random.Next(8));
                }

                break;
            case 20 when _random.Next(4) == 0:
                Put(port, PortRegister.SataControl, (uint)(_random.Next(3) == 0 ? _random.Next(16) : _random.Next(2)) | 0x300);
                break;
            case 21 when _random.Next(10) == 0:
                Access(4, (int)HostRegister.Control, isWrite: true, (uint)HostControl.AhciEnable | (uint)_random.Next(4));
                break;
            case 22 when MovesRegisters && _random.Next(6) == 0:
                Move();
                break;
            case 23 when _random.Next(10) == 0:
                Plug(port);
                break;
            default:
                Get(port, PortRegister.InterruptStatus);
                Get(port, PortRegister.CommandIssue);
                Get(port, PortRegister.TaskFile);
                break;
        }
    }

    /// <summary>Any register, any width, written or read.</summary>
    private void Any(int port)
    {
        int offset = _random.Next(5) == 0 ? _random.Next(0x30) : (int)HostRegister.Ports + (port * (int)HostRegister.PortSize) + _random.Next(0x80);
        int size = 1 << _random.Next(4);
        offset = _random.Next(8) == 0 && (_rig.Controller.Options.HasByteEnables || (offset & 3) + size <= 4) ? offset : offset & -size;
        bool isWrite = _random.Next(3) == 0;
        uint value = Bits();

        // Addresses: only such as memory is at, and only at times when they may be written.
        int register = (offset & 0x7F) & ~7;
        bool hitsAddress = offset + size > (int)HostRegister.Ports && (register is 0 or 8 || ((offset + size - 1) & 0x7F & ~7) is 0 or 8);
        Access(size, offset, isWrite && !hitsAddress, value | ((ulong)Bits() << 32));
    }

    private uint Bits() => _random.Next(6) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => 1u << _random.Next(32),
        3 => (uint)_random.Next(256),
        _ => (uint)_random.NextInt64(1L << 32),
    };

    /// <summary>An access by one of the ways there are.</summary>
    private void Access(int size, int offset, bool isWrite, ulong value)
    {
        int way = _random.Next(6);
        ushort pair = (ushort)((_rig.Function.Get(0x20, 4) & 0xFFE0) + AhciFunction.PairOffset);
        bool isNarrow = size <= 4 && (offset & 3) + size <= 4;
        if (way < 4 || !isNarrow)
        {
            if (isWrite)
            {
                _rig.Write(_registers + (uint)offset, size, value & Ones(size));
            }
            else
            {
                _rig.Read(_registers + (uint)offset, size);
            }
        }
        else if (way == 4 || !HasConfigurationPair)
        {
            _rig.Out(pair, 4, (uint)offset & ~3u);
            Port((ushort)(pair + 4 + (offset & 3)), size, isWrite, (uint)(value & Ones(size)));
        }
        else
        {
            _rig.Out(_rig.Select(AhciFunction.ConfigurationPair), 4, (uint)offset & ~3u);
            Port((ushort)(_rig.Select(AhciFunction.ConfigurationPair + 4) + (offset & 3)), size, isWrite, (uint)(value & Ones(size)));
        }
    }

    private static ulong Ones(int size) => ulong.MaxValue >> (64 - (size * 8));

    private void Port(ushort port, int size, bool isWrite, uint value)
    {
        if (isWrite)
        {
            _rig.Out(port, size, value);
        }
        else
        {
            _rig.In(port, size);
        }
    }

    private void Get(int port, PortRegister register) => Access(4, (int)HostRegister.Ports + (port * (int)HostRegister.PortSize) + (int)register, isWrite: false, 0);

    private void Put(int port, PortRegister register, uint value) => Access(4, (int)HostRegister.Ports + (port * (int)HostRegister.PortSize) + (int)register, isWrite: true, value);

    private bool IsStopped(int port) =>
        (_rig.Controller.Port(port).Get(PortRegister.Command) & (uint)(PortCommands.ListRunning | PortCommands.FisReceiveRunning)) == 0;

    private static ulong Base(int port) => Arena + ((ulong)port * PortSize);

    private void SetAddresses(int port, int kind)
    {
        ulong list = kind switch
        {
            6 => _host.End != 0 ? HostAddress() & ~0x3FFul : Base(port),
            7 => AhciRig.RamSize + 0x1000,
            _ => Base(port) + ((ulong)(kind & 1) * 0x2000),
        };
        ulong area = kind == 5 && _host.End != 0 ? HostAddress() & ~0xFFFul : list == Base(port) + 0x2000 ? Base(port) + 0x5000 : Base(port) + 0x4000;
        Put(port, PortRegister.CommandListBase, (uint)list);
        Put(port, PortRegister.CommandListBaseUpper, (uint)(list >> 32));
        Put(port, PortRegister.FisBase, (uint)area);
        Put(port, PortRegister.FisBaseUpper, (uint)(area >> 32));
    }

    private ulong HostAddress() => _host.Start + (ulong)_random.NextInt64((long)(_host.End - _host.Start));

    /// <summary>What gets a port going again after most errors.</summary>
    private void Revive(int port)
    {
        Put(port, PortRegister.Command, StartAndReceive & ~(uint)PortCommands.Start);
        for (int i = 0; i < 4; i++)
        {
            _rig.Step();
        }

        if (_random.Next(2) == 0)
        {
            Put(port, PortRegister.SataControl, 0x301);
            Put(port, PortRegister.SataControl, 0x300);
            for (int i = 0; i < 4; i++)
            {
                _rig.Step();
            }
        }
        else
        {
            Put(port, PortRegister.Command, (StartAndReceive & ~(uint)PortCommands.Start) | (uint)PortCommands.CommandListOverride);
            _rig.Step();
        }

        if (IsUntimely || IsStopped(port))
        {
            SetAddresses(port, _random.Next(2));
        }

        Put(port, PortRegister.SataError, uint.MaxValue);
        Put(port, PortRegister.InterruptStatus, uint.MaxValue);
        Put(port, PortRegister.Command, StartAndReceive);
    }

    private void Command(int port)
    {
        uint slots = 0;
        bool isQueued = false;
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            int slot = _random.Next(Slots);
            if (IsUntimely || (_rig.Controller.Port(port).Busy >> slot & 1) == 0)
            {
                isQueued |= Prepare(port, slot);
                slots |= 1u << slot;
            }
        }

        if (isQueued && _random.Next(8) != 0)
        {
            Put(port, PortRegister.SataActive, slots);
        }

        Put(port, PortRegister.CommandIssue, slots | (IsUntimely && _random.Next(12) == 0 ? Bits() : 0));
    }

    private bool Prepare(int port, int slot)
    {
        ulong table = Base(port) + Tables + ((ulong)slot * TableSize);
        AtaCommand code = _random.Next(12) == 0 ? (AtaCommand)_random.Next(256) : _commands[_random.Next(_commands.Length)];
        bool isQueued = code is AtaCommand.ReadFpdma or AtaCommand.WriteFpdma;
        int count = _random.Next(8) == 0 ? _random.Next(0x1_0000) : _random.Next(1, 24);
        ulong lba = (ulong)(_random.Next(8) == 0 ? _random.NextInt64(1L << 48) : _random.Next(2048));
        int features = isQueued ? count : _random.Next(4) == 0 ? _random.Next(0x1_0000) : new[] { 1, 0xD0, 0xD6, 0, 0x11 }[_random.Next(5)];
        CommandFis fis = new(code, lba, isQueued ? (IsUntimely && _random.Next(12) == 0 ? _random.Next(Slots) : slot) << 3 : count, features, device: (byte)(_random.Next(6) == 0 ? _random.Next(256) : 0x40));
        bool isControl = _random.Next(24) == 0;
        Span<byte> bytes = _rig.Ram(table, TableSize);
        bytes[..RegionDescriptor.TableOffset].Clear();
        (isControl ? CommandFis.Control(_random.Next(2) == 0) : fis).Bytes.CopyTo(bytes);
        if (_random.Next(40) == 0)
        {
            bytes[0] = (byte)_random.Next(256);
        }

        bytes[0x40] = _packets[_random.Next(_packets.Length)];
        bytes[0x45] = (byte)_random.Next(64);
        bytes[0x48] = (byte)_random.Next(4);
        bytes[0x49] = (byte)(bytes[0x40] is 0xA8 or 0xAA ? _random.Next(4) : 0);
        int descriptors = _random.Next(10) == 0 ? 0 : _random.Next(1, 40);
        for (int i = 0; i < descriptors; i++)
        {
            new RegionDescriptor(Buffer(port), _random.Next(8) == 0 ? _random.Next(1, 0x1_0000) : _random.Next(1, 4096), _random.Next(8) == 0)
                .WriteTo(bytes[(RegionDescriptor.TableOffset + (i * RegionDescriptor.Size))..]);
        }

        ulong list = Base(port) + ((ulong)_random.Next(2) * 0x2000);
        ulong place = _host.End != 0 && _random.Next(30) == 0 ? HostAddress() : _random.Next(60) == 0 ? AhciRig.RamSize + 0x1_0000 : table;
        CommandHeader header = new(_random.Next(30) == 0 ? _random.Next(32) : 5, code == AtaCommand.Packet || _random.Next(20) == 0, _random.Next(2) == 0, isControl, 0, descriptors, place);
        header.WriteTo(_rig.Ram(list + (ulong)(slot * CommandHeader.Size), CommandHeader.Size));
        header.WriteTo(_rig.Ram((list ^ 0x2000) + (ulong)(slot * CommandHeader.Size), CommandHeader.Size));
        return isQueued;
    }

    /// <summary>Where data go: mostly to memory for data, sometimes to nowhere, or to the host.</summary>
    private ulong Buffer(int port) => _random.Next(40) switch
    {
        0 => AhciRig.RamSize - (ulong)_random.Next(0x1000),
        1 => AhciRig.RamSize + (ulong)_random.Next(0x10_0000),
        2 or 3 or 4 when _host.End != 0 => HostAddress(),
        5 when _host.End != 0 => _host.Start - (ulong)_random.Next(1, 3000),
        6 when _host.End != 0 => _host.End + (ulong)_random.Next(0, 3000) - 1500,
        _ => Base(port) + DataOffset + (ulong)_random.Next(0x40_0000),
    };

    private void Move()
    {
        ulong to = _registers == AhciFunction.RegisterBase ? 0xFEA8_0000 : AhciFunction.RegisterBase;
        switch (_random.Next(3))
        {
            case 0:
                _rig.Out(_rig.Select(0x24), 4, uint.MaxValue);
                _rig.In(_rig.Select(0x24), 4);
                _rig.Out(_rig.Select(0x24), 4, (uint)to);
                _registers = to;
                break;
            case 1:
                _rig.Out(_rig.Select(4), 2, 0x0407u & (uint)~_random.Next(4));
                Get(0, PortRegister.Command);
                Get(0, PortRegister.CommandListBase);
                _rig.Out(_rig.Select(4), 2, 0x0407);
                break;
            default:
                _rig.Out(_rig.Select(0x20), 4, _random.Next(2) == 0 ? 0xC040u : 0xD0C0u);
                break;
        }
    }

    private void Plug(int port)
    {
        AhciPort hardware = _rig.Controller.Port(port);
        if (hardware.Device is { } device)
        {
            hardware.Unplug();
            _rig.Step();
            hardware.Plug(device);
        }
    }
}
