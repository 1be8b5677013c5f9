using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models;

/// <summary>A simulated machine with a <see cref="PciBusModel"/>, behind the pci mediator and perhaps others that depend on it.</summary>
internal sealed unsafe class PciMachine : IDisposable
{
    private const ulong RootPointer = 0xE_0000;
    private const ulong Xsdt = 0xE_1000;
    private const ulong Mcfg = 0xE_2000;
    private const ulong Another = 0xE_4000;

    internal PciMachine(PciBusModel bus, PciMachineOptions? options = null, params Func<PciMediator, Mediator>[] others)
    {
        Bus = bus;
        options ??= new PciMachineOptions();
        Pci = new PciMediator(Configuration);
        foreach ((string key, string value) in options.Settings)
        {
            OptionResult result = Pci.SetOption(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value));
            if (!result.IsTaken)
            {
                throw new ArgumentException($"{key} = {value}: {Encoding.ASCII.GetString(result.Problem)}");
            }
        }

        MediatorObjects.Clear();
        MediatorObjects.Add(Pci);
        Others = [.. others.Select(make => make(Pci)), .. options.Mediators.Select(make => make(Pci, Configuration))];
        Array.ForEach(Others, MediatorObjects.Add);
        Inner = new SimulatedMachine(new MachineOptions { Processors = options.Processors, ExtraSize = options.ExtraSize, Memory = options.Memory });
        foreach (SimulatedProcessor processor in Inner.Processors)
        {
            processor.Input = bus.In;
            processor.Output = bus.Out;
            processor.DeviceRead = ReadDevice;
            processor.DeviceWrite = WriteDevice;
            processor.Paused = _ => FollowEverywhere();
            foreach ((uint msr, ulong value) in options.Msrs)
            {
                processor.Msrs[msr] = value;
            }
        }

        for (int i = 1; i < options.Processors; i++)
        {
            Inner.TakeOver(i);
        }

        WriteTables(options.Mcfg, options.Table);
        options.Prepare?.Invoke(Inner);
        Instructions.Processor = Inner.Processors[0];
        MediatorLife.Attach(Inner.Data);
    }

    internal PciBusModel Bus { get; }

    internal PciConfiguration Configuration { get; } = new();

    internal PciMediator Pci { get; }

    internal Mediator[] Others { get; }

    internal SimulatedMachine Inner { get; }

    /// <summary>Memory of devices other than configuration space: what was accessed there by the host, and what it holds.</summary>
    internal Dictionary<ulong, ulong> Devices { get; } = [];

    internal MediatorState State(int mediator = 0) => Inner.Machine->Traps->Mediators[mediator].State;

    /// <summary>Claims of memory in force, as (first, last, mediator).</summary>
    internal (ulong First, ulong Last, int Mediator)[] MemoryClaims
    {
        get
        {
            List<(ulong, ulong, int)> claims = [];
            for (int i = 0; i < Inner.Machine->Traps->Memory.Count; i++)
            {
                MemoryClaim* claim = Inner.Machine->Traps->Memory[i];
                claims.Add((claim->First, claim->Last, claim->Mediator));
            }

            return [.. claims];
        }
    }

    internal (ushort First, ushort Last, int Mediator)[] PortClaims
    {
        get
        {
            List<(ushort, ushort, int)> claims = [];
            for (int i = 0; i < TrapTables.MaximumPortClaims; i++)
            {
                PortClaim* claim = Inner.Machine->Traps->PortClaims + i;
                if (claim->IsUsed)
                {
                    claims.Add((claim->First, claim->Last, claim->Mediator));
                }
            }

            return [.. claims];
        }
    }

    internal uint In(ushort port, int size, int processor = 0)
    {
        uint value = 0;
        Instructions.Processor = Inner.Processors[processor];
        _ = TakesShortWay(processor, port, size, isIn: true, ref value) || PortTraps.Access(Inner[processor], port, size, isWrite: false, ref value);
        return size == 4 ? value : value & ((1u << (size * 8)) - 1);
    }

    internal void Out(ushort port, int size, uint value, int processor = 0)
    {
        Instructions.Processor = Inner.Processors[processor];
        _ = TakesShortWay(processor, port, size, isIn: false, ref value) || PortTraps.Access(Inner[processor], port, size, isWrite: true, ref value);
    }

    /// <summary>Both ways are gone, as exits do: what may not take the short one takes the long one.</summary>
    private bool TakesShortWay(int processor, ushort port, int size, bool isIn, ref uint value)
    {
        long result = ConfigurationTraps.IsPair(port)
            ? ConfigurationTraps.TryAccess(Inner[processor], new PortAccess(port, size, isIn, isString: false), value) : ConfigurationTraps.NotDone;
        value = result < 0 ? value : (uint)result;
        return result >= 0;
    }

    internal ulong Read(ulong address, int size, int processor = 0)
    {
        Instructions.Processor = Inner.Processors[processor];
        ulong value = TrapBus.Read(Inner[processor], address, size);
        return size == 8 ? value : value & ((1ul << (size * 8)) - 1);
    }

    internal void Write(ulong address, int size, ulong value, int processor = 0)
    {
        Instructions.Processor = Inner.Processors[processor];
        TrapBus.Write(Inner[processor], address, size, value);
    }

    /// <summary>A read through the ports, as the guest makes it.</summary>
    internal uint ConfigRead(int bus, int device, int function, int offset, int size = 4)
    {
        Out(0xCF8, 4, Select(bus, device, function, offset));
        return In((ushort)(0xCFC + (offset & 3)), size);
    }

    internal void ConfigWrite(int bus, int device, int function, int offset, uint value, int size = 4)
    {
        Out(0xCF8, 4, Select(bus, device, function, offset));
        Out((ushort)(0xCFC + (offset & 3)), size, value);
    }

    /// <summary>Calls into a mediator the way an access does, to use what it may use only from inside.</summary>
    internal void LifeStep(Action step)
    {
        Instructions.Processor = Inner.Processors[0];
        step();
    }

    internal static uint Select(int bus, int device, int function, int offset) =>
        0x8000_0000 | ((uint)bus << 16) | ((uint)device << 11) | ((uint)function << 8) | ((uint)offset & 0xFC);

    /// <summary>A table with entries of (segment, first bus, last bus, address).</summary>
    internal static byte[] McfgOf(params (int Segment, int FirstBus, int LastBus, ulong Address)[] entries)
    {
        byte[] table = new byte[44 + (entries.Length * 16)];
        "MCFG"u8.CopyTo(table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = table.AsSpan(44 + (i * 16), 16);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, entries[i].Address);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)entries[i].Segment);
            entry[10] = (byte)entries[i].FirstBus;
            entry[11] = (byte)entries[i].LastBus;
        }

        return table;
    }

    public void Dispose()
    {
        Inner.Dispose();
        MediatorObjects.Clear();
    }

    /// <summary>Whoever waits waits for processors that are in the guest, where an interrupt of the host reaches them at once.</summary>
    private void FollowEverywhere()
    {
        IProcessor? before = Instructions.Processor;
        foreach (SimulatedProcessor processor in Inner.Processors)
        {
            Action? boundary = processor.Boundary;
            processor.Boundary = null;
            Instructions.Processor = processor;
            TrapShootdown.Follow(processor.Data);
            processor.Boundary = boundary;
        }

        Instructions.Processor = before;
    }

    private ulong? ReadDevice(ulong address, int size) =>
        Bus.ReadMemory(address, size) ?? (address is >= 0x8000_0000 and < 0xFEE0_0000 or >= 0x1_0000_0000 and < 0x100_0000_0000 ? Devices.GetValueOrDefault(address) : null);

    private bool WriteDevice(ulong address, int size, ulong value)
    {
        if (Bus.WriteMemory(address, size, value))
        {
            return true;
        }

        bool isDevice = address is >= 0x8000_0000 and < 0xFEE0_0000 or >= 0x1_0000_0000 and < 0x100_0000_0000;
        if (isDevice)
        {
            Devices[address] = value;
        }

        return isDevice;
    }

    private void WriteTables(byte[]? mcfg, byte[]? another)
    {
        if (mcfg == null)
        {
            return;
        }

        Inner.Machine->AcpiRootPointer = RootPointer;
        byte[] root = new byte[36];
        "RSD PTR "u8.CopyTo(root);
        root[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(root.AsSpan(20), 36);
        BinaryPrimitives.WriteUInt64LittleEndian(root.AsSpan(24), Xsdt);
        byte[] list = new byte[another == null ? 44 : 52];
        "XSDT"u8.CopyTo(list);
        BinaryPrimitives.WriteInt32LittleEndian(list.AsSpan(4), list.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(list.AsSpan(36), Mcfg);
        if (another != null)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(list.AsSpan(44), Another);
            another.CopyTo(new Span<byte>(Inner.Guest(Another), another.Length));
        }

        root.CopyTo(new Span<byte>(Inner.Guest(RootPointer), root.Length));
        list.CopyTo(new Span<byte>(Inner.Guest(Xsdt), list.Length));
        mcfg.CopyTo(new Span<byte>(Inner.Guest(Mcfg), mcfg.Length));
    }
}
