using System;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tests.Models;

/// <summary>The configuration space of a function, byte by byte: what can be written, what writing ones clears, and what a reset takes away.</summary>
internal sealed class PciFunctionModel
{
    internal const int Size = 4096;

    private const int BridgeControl = 0x3E;
    private const byte BusResetBit = 0x40;

    private readonly byte[] _config = new byte[Size];
    private readonly byte[] _writable = new byte[Size];
    private readonly byte[] _clearable = new byte[Size];
    private readonly List<int> _volatile = [0x04, 0x05];
    private int _nextCapability = 0x40;
    private int _lastPointer = 0x34;
    private int _power = -1;
    private int _express = -1;

    internal PciFunctionModel(ushort vendor, ushort device, uint classCode, bool isMultiFunction = false)
    {
        Put(0x00, vendor, 2);
        Put(0x02, device, 2);
        Put(0x08, (classCode << 8) | 0x02, 4);
        Put(0x0E, isMultiFunction ? 0x80u : 0, 1);
        Put(0x2C, 0x1100_1AF4, 4);
        Allow(0x04, 0x0547, 2);
        Put(0x06, 0x2100, 2);
        _clearable[0x07] = 0xF9;
        Allow(0x0C, 0xFF, 1);
        Allow(0x3C, 0xFF, 1);
        Allow(0xF0, 0xFFFF_FFFF, 4); // registers of its own
        Allow(0x100, 0x00FF_FF00, 4);
        Allow(0xFFC, 0xFFFF_FFFF, 4);
        Put(0xFFC, (uint)(vendor ^ device) * 0x1_0001, 4);
    }

    /// <summary>What is on the bus behind it, by device and function.</summary>
    internal SortedDictionary<int, PciFunctionModel> Behind { get; } = [];

    internal bool IsPresent { get; set; } = true;

    internal bool IsBridge => (_config[0x0E] & 0x7F) == 1;

    internal int SecondaryBus => _config[0x19];

    internal int SubordinateBus => _config[0x1A];

    /// <summary>What is behind base address registers, by their number.</summary>
    internal Dictionary<int, IPciRegion> Regions { get; } = [];

    /// <summary>Registers in configuration space that are more than memory: offset of the first byte, and what is there.</summary>
    internal (int Offset, int Length, IPciRegion Region)? Registers { get; set; }

    /// <summary>Called when the function was reset.</summary>
    internal Action? WasReset { get; set; }

    /// <summary>Called with the offset when a write has reached it, and has changed it.</summary>
    internal Action<int>? WasWritten { get; set; }

    /// <summary>Whether it has a bit to reset it with, and does not do it.</summary>
    internal bool IgnoresResets { get; set; }

    /// <summary>Every write that reached it.</summary>
    internal List<(int Offset, int Size, uint Value)> Writes { get; } = [];

    internal PciFunctionModel MemoryBar(int index, ulong size, ulong address = 0, bool is64 = false, bool prefetch = false)
    {
        int offset = 0x10 + (index * 4);
        uint flags = (is64 ? 4u : 0) | (prefetch ? 8u : 0);
        ulong mask = ~(size - 1);
        Put(offset, (uint)address | flags, 4);
        Allow(offset, (uint)mask & ~0xFu, 4);
        AddVolatile(offset, 4, flags);
        if (is64)
        {
            Put(offset + 4, (uint)(address >> 32), 4);
            Allow(offset + 4, (uint)(mask >> 32), 4);
            AddVolatile(offset + 4, 4, 0);
        }

        return this;
    }

    internal PciFunctionModel IoBar(int index, uint size, uint address = 0)
    {
        int offset = 0x10 + (index * 4);
        Put(offset, address | 1, 4);
        Allow(offset, ~(size - 1) & 0xFFFC, 4);
        AddVolatile(offset, 4, 1);
        return this;
    }

    internal PciFunctionModel Rom(uint size, uint address = 0)
    {
        int offset = IsBridge ? 0x38 : 0x30;
        Put(offset, address, 4);
        Allow(offset, (~(size - 1) & 0xFFFF_F800) | 1, 4);
        AddVolatile(offset, 4, 0);
        return this;
    }

    internal PciFunctionModel AsBridge(int secondary, int subordinate, params (int Device, PciFunctionModel Function)[] behind)
    {
        _config[0x0E] |= 1;
        Put(0x18, (uint)((secondary << 8) | (subordinate << 16)), 4);
        Allow(0x18, 0x00FF_FFFF, 4);
        Allow(0x1C, 0xF0F0, 2);
        Put(0x1C, 0x0101, 2);
        Allow(0x20, 0xFFF0_FFF0, 4);
        Allow(0x24, 0xFFF0_FFF0, 4);
        Put(0x24, 0x0001_0001, 4);
        Allow(0x28, 0xFFFF_FFFF, 4);
        Allow(0x2C, 0xFFFF_FFFF, 4);
        Allow(0x30, 0xFFFF_FFFF, 4);
        Allow(BridgeControl, 0x0FFF, 2);
        foreach ((int device, PciFunctionModel function) in behind)
        {
            Behind.Add(device << 3, function);
        }

        return this;
    }

    internal PciFunctionModel Command(ushort command)
    {
        Put(0x04, command, 2);
        return this;
    }

    internal PciFunctionModel Window(uint memory, uint prefetch = 0x0001_FFF1, ushort io = 0x00F0)
    {
        Put(0x20, memory, 4);
        Put(0x24, prefetch, 4);
        Put(0x1C, io, 2);
        return this;
    }

    internal PciFunctionModel PowerManagement()
    {
        _power = Capability(0x01, 8) + 4;
        Allow(_power, 0x0103, 2);
        return this;
    }

    internal PciFunctionModel Express()
    {
        _express = Capability(0x10, 0x3C) + 8;
        Allow(_express, 0x7FFF, 2);
        return this;
    }

    internal PciFunctionModel Writable(int offset, uint mask, int size)
    {
        Allow(offset, mask, size);
        return this;
    }

    internal PciFunctionModel With(int offset, uint value, int size)
    {
        Put(offset, value, size);
        return this;
    }

    internal int PowerOffset => _power;

    internal int ExpressOffset => _express;

    internal byte[] Snapshot() => [.. _config];

    internal uint Get(int offset, int size)
    {
        uint value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (uint)_config[offset + i] << (i * 8);
        }

        return value;
    }

    internal uint Read(int offset, int size) =>
        Registers is ({ } first, { } length, { } region) && offset >= first && offset + size <= first + length ? (uint)region.Read(offset - first, size) : Get(offset, size);

    /// <summary>Which region answers at an address, and where in it.</summary>
    internal (IPciRegion Region, int Offset)? Find(ulong address, bool isIo)
    {
        const int barSize = 4;
        const uint ioMask = 0xFFFC;
        foreach ((int bar, IPciRegion region) in Regions)
        {
            uint low = Get(0x10 + (bar * barSize), barSize);
            ulong start = isIo ? low & ioMask : (low & ~0xFu) | ((low & 4) != 0 ? (ulong)Get(0x14 + (bar * barSize), barSize) << 32 : 0);
            bool isDecoded = ((low & 1) != 0) == isIo && (_config[0x04] & (isIo ? 1 : 2)) != 0 && start != 0;
            if (isDecoded && address >= start && address - start < (ulong)region.Length)
            {
                return (region, (int)(address - start));
            }
        }

        return null;
    }

    /// <summary>A write within one dword.</summary>
    internal void Write(int offset, int size, uint value)
    {
        Writes.Add((offset, size, value));
        if (Registers is ({ } first, { } length, { } region) && offset >= first && offset + size <= first + length)
        {
            region.Write(offset - first, size, value);
            return;
        }

        bool wasOff = _power >= 0 && (_config[_power] & 3) == 3;
        for (int i = 0; i < size; i++)
        {
            byte part = (byte)(value >> (i * 8));
            int at = offset + i;
            _config[at] = (byte)((_config[at] & ~_writable[at] & ~(part & _clearable[at])) | (part & _writable[at]));
            if (at == _express + 1 && _express >= 0 && (part & 0x80) != 0 && !IgnoresResets)
            {
                Reset();
            }
        }

        if (wasOff && (_config[_power] & 3) == 0)
        {
            Reset();
        }

        if (IsBridge && (_config[BridgeControl] & BusResetBit) != 0)
        {
            foreach (PciFunctionModel function in Behind.Values)
            {
                function.Reset();
            }
        }

        WasWritten?.Invoke(offset);
    }

    internal void Reset()
    {
        foreach (int offset in _volatile)
        {
            _config[offset] &= (byte)~_writable[offset];
        }

        if (_power >= 0)
        {
            _config[_power] &= 0xFC;
        }

        WasReset?.Invoke();
        foreach (PciFunctionModel function in Behind.Values)
        {
            function.Reset();
        }
    }

    private int Capability(byte id, int size)
    {
        int offset = _nextCapability;
        _config[_lastPointer] = (byte)offset;
        _config[0x06] |= 0x10;
        _config[offset] = id;
        _lastPointer = offset + 1;
        _nextCapability += size;
        return offset;
    }

    private void AddVolatile(int offset, int size, uint kept)
    {
        _ = kept; // flags cannot be written, so a reset leaves them
        _volatile.AddRange(Enumerable.Range(offset, size));
    }

    private void Put(int offset, uint value, int size)
    {
        for (int i = 0; i < size; i++)
        {
            _config[offset + i] = (byte)(value >> (i * 8));
        }
    }

    private void Allow(int offset, uint mask, int size)
    {
        for (int i = 0; i < size; i++)
        {
            _writable[offset + i] = (byte)(mask >> (i * 8));
        }
    }
}
