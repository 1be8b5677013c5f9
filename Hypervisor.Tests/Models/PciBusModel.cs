using System;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tests.Models;

/// <summary>
/// The PCI side of a machine: functions on buses, reached through the ports CF8h and CFCh and through windows in memory, one of which PCIEXBAR of the host bridge moves.
/// Accesses that cross a dword are divided there, as buses do.
/// </summary>
internal sealed class PciBusModel
{
    internal const ulong DefaultWindow = 0xB000_0000;

    private const ulong BusSize = 1 << 20;
    private const uint Enable = 0x8000_0000;

    private readonly Dictionary<(int Segment, int Bus), SortedDictionary<int, PciFunctionModel>> _roots = [];
    private readonly List<(int Segment, int FirstBus, int LastBus, ulong Base)> _windows = [];
    private PciFunctionModel? _hostBridge;

    /// <summary>CONFIG_ADDRESS.</summary>
    internal uint Address { get; set; }

    /// <summary>Bits of it that exist.</summary>
    internal uint AddressMask { get; set; } = 0x80FF_FFFC;

    /// <summary>The reset control register.</summary>
    internal byte ResetControl { get; private set; }

    /// <summary>Accesses that reached configuration space.</summary>
    internal int Cycles { get; private set; }

    internal IEnumerable<PciFunctionModel> All => _roots.Values.SelectMany(bus => bus.Values).SelectMany(Under);

    internal PciBusModel Add(int device, int function, PciFunctionModel model, int bus = 0, int segment = 0)
    {
        if (!_roots.TryGetValue((segment, bus), out SortedDictionary<int, PciFunctionModel>? functions))
        {
            functions = [];
            _roots.Add((segment, bus), functions);
        }

        functions.Add((device << 3) | function, model);
        return this;
    }

    /// <summary>A host bridge whose PCIEXBAR is in force.</summary>
    internal PciBusModel AddQ35(ulong window = DefaultWindow)
    {
        _hostBridge = new PciFunctionModel(0x8086, 0x29C0, 0x06_0000).With(0x60, (uint)window | (window == 0 ? 0u : 1), 4).With(0x64, (uint)(window >> 32), 4)
            .Writable(0x60, 0xFC00_0007, 4).Writable(0x64, 0x0000_000F, 4);
        return Add(0, 0, _hostBridge);
    }

    internal PciBusModel AddWindow(int segment, int firstBus, int lastBus, ulong address)
    {
        _windows.Add((segment, firstBus, lastBus, address));
        return this;
    }

    internal void Remove(int segment, int bus, int deviceFunction) => BusOf(segment, bus)!.Remove(deviceFunction);

    /// <summary>The function that answers; null for none.</summary>
    internal PciFunctionModel? Find(int segment, int bus, int deviceFunction) =>
        BusOf(segment, bus) is { } functions && functions.TryGetValue(deviceFunction, out PciFunctionModel? found) && found.IsPresent ? found : null;

    internal uint In(ushort port, int size) => Divide(port, size, false, 0, (at, width, _, value) => PortPart((ushort)at, width, false, value));

    internal void Out(ushort port, int size, uint value) => Divide(port, size, true, value, (at, width, _, part) => PortPart((ushort)at, width, true, part));

    internal ulong? ReadMemory(ulong address, int size)
    {
        if (!IsWindow(address))
        {
            return Region(address, isIo: false) is (IPciRegion region, int offset) ? region.Read(offset, size) : null;
        }

        uint low = Divide(address, Math.Min(size, 4), false, 0, (at, width, _, _) => MemoryPart(at, width, false, 0));
        return size == 8 ? low | ((ulong)Divide(address + 4, 4, false, 0, (at, width, _, _) => MemoryPart(at, width, false, 0)) << 32) : low;
    }

    internal bool WriteMemory(ulong address, int size, ulong value)
    {
        if (!IsWindow(address))
        {
            if (Region(address, isIo: false) is not (IPciRegion region, int offset))
            {
                return false;
            }

            region.Write(offset, size, value);
            return true;
        }

        Divide(address, Math.Min(size, 4), true, (uint)value, (at, width, _, part) => MemoryPart(at, width, true, part));
        if (size == 8)
        {
            Divide(address + 4, 4, true, (uint)(value >> 32), (at, width, _, part) => MemoryPart(at, width, true, part));
        }

        return true;
    }

    /// <summary>Everything that can be seen of it, to be compared.</summary>
    internal string State() => string.Join(
        '\n', All.Select(f => Convert.ToHexString(f.Snapshot())).Append($"{Address:X8} {ResetControl:X2}"));

    /// <summary>Address of a register in the window of segment 0.</summary>
    internal ulong Window(int bus, int deviceFunction, int offset) => (HostWindow?.Base ?? DefaultWindow) + ((ulong)bus << 20) + ((ulong)deviceFunction << 12) + (uint)offset;

    private (ulong Base, int Buses)? HostWindow
    {
        get
        {
            uint low = _hostBridge?.Get(0x60, 4) ?? 0;
            int length = (int)(low >> 1) & 3;
            ulong address = ((ulong)(_hostBridge?.Get(0x64, 4) ?? 0) << 32) | (low & 0xFC00_0000);
            int buses = 256 >> length;
            return (low & 1) != 0 && length < 3 && address != 0 ? (address & ~(((ulong)buses * BusSize) - 1), buses) : null;
        }
    }

    private static IEnumerable<PciFunctionModel> Under(PciFunctionModel function) => function.Behind.Values.SelectMany(Under).Prepend(function);

    private static uint Divide(ulong at, int size, bool isWrite, uint value, Func<ulong, int, bool, uint, uint> part)
    {
        int first = Math.Min(size, 4 - (int)(at & 3));
        uint low = part(at, first, isWrite, value & Ones(first));
        return first == size ? low : low | (Divide(at + (uint)first, size - first, isWrite, value >> (first * 8), part) << (first * 8));
    }

    private static uint Ones(int size) => uint.MaxValue >> ((4 - size) * 8);

    /// <summary>What a base address register of some function has at an address. Windows of bridges are not looked at.</summary>
    private (IPciRegion Region, int Offset)? Region(ulong address, bool isIo)
    {
        foreach (PciFunctionModel function in All)
        {
            if (function.Regions.Count != 0 && function.IsPresent && function.Find(address, isIo) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private bool IsWindow(ulong address) => Locate(address) is not null;

    private (int Segment, int Bus, int DeviceFunction)? Locate(ulong address)
    {
        if (HostWindow is (ulong start, int buses) && address >= start && address < start + ((ulong)buses * BusSize))
        {
            return (0, (int)((address - start) >> 20), (int)(address >> 12) & 0xFF);
        }

        foreach ((int segment, int firstBus, int lastBus, ulong address0) in _windows)
        {
            if (address >= address0 + ((ulong)firstBus * BusSize) && address < address0 + ((ulong)(lastBus + 1) * BusSize))
            {
                return (segment, (int)((address - address0) >> 20), (int)(address >> 12) & 0xFF);
            }
        }

        return null;
    }

    private uint PortPart(ushort port, int size, bool isWrite, uint value)
    {
        if (port == 0xCF8 && size == 4)
        {
            Address = isWrite ? value & AddressMask : Address;
            return Address;
        }

        if (port is >= 0xCFC and <= 0xCFF)
        {
            return (Address & Enable) == 0 ? Ones(size)
                : Access(0, (int)(Address >> 16) & 0xFF, (int)(Address >> 8) & 0xFF, (int)(Address & 0xFC) + (port & 3), size, isWrite, value);
        }

        if (Region(port, isIo: true) is (IPciRegion region, int offset))
        {
            if (isWrite)
            {
                region.Write(offset, size, value);
                return 0;
            }

            return (uint)region.Read(offset, size) & Ones(size);
        }

        uint answer = Ones(size);
        for (int i = 0; i < size; i++)
        {
            if (port + i == 0xCF9)
            {
                ResetControl = isWrite ? (byte)(value >> (i * 8)) : ResetControl;
                answer = (answer & ~(0xFFu << (i * 8))) | ((uint)ResetControl << (i * 8));
            }
        }

        return answer;
    }

    private uint MemoryPart(ulong address, int size, bool isWrite, uint value) =>
        Locate(address) is (int segment, int bus, int deviceFunction)
            ? Access(segment, bus, deviceFunction, (int)(address & 0xFFF), size, isWrite, value)
            : Ones(size);

    private uint Access(int segment, int bus, int deviceFunction, int offset, int size, bool isWrite, uint value)
    {
        Cycles++;
        PciFunctionModel? function = Find(segment, bus, deviceFunction);
        if (isWrite)
        {
            function?.Write(offset, size, value);
        }

        return isWrite ? 0 : function?.Read(offset, size) ?? Ones(size);
    }

    private SortedDictionary<int, PciFunctionModel>? BusOf(int segment, int bus)
    {
        if (_roots.TryGetValue((segment, bus), out SortedDictionary<int, PciFunctionModel>? root))
        {
            return root;
        }

        foreach (((int rootSegment, int rootBus), SortedDictionary<int, PciFunctionModel> functions) in _roots)
        {
            if (rootSegment == segment && rootBus < bus && Route(functions, bus) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static SortedDictionary<int, PciFunctionModel>? Route(SortedDictionary<int, PciFunctionModel> on, int bus)
    {
        foreach (PciFunctionModel bridge in on.Values)
        {
            if (bridge.IsBridge && bridge.IsPresent && bridge.SecondaryBus != 0 && bridge.SecondaryBus <= bus && bus <= bridge.SubordinateBus)
            {
                return bridge.SecondaryBus == bus ? bridge.Behind : Route(bridge.Behind, bus);
            }
        }

        return null;
    }
}
