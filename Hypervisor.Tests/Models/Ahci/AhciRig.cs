using System;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A machine with a controller and disks, as its guest sees it.</summary>
internal abstract class AhciRig : IDisposable
{
    internal const ulong RamSize = 0x8000_0000;

    private const ulong WriteMark = 1ul << 63;
    private const int DeviceFunction = (31 << 3) | 2;

    protected AhciRig(AhciOptions? options, bool pairInConfiguration)
    {
        Controller = new AhciController(options);
        Function = AhciFunction.Create(Controller, pairInConfiguration);
        Bus = new PciBusModel().AddQ35().Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100, isMultiFunction: true)).Add(31, 2, Function);
    }

    internal AhciController Controller { get; }

    internal PciFunctionModel Function { get; }

    internal PciBusModel Bus { get; }

    internal SystemMemory Memory => Controller.Memory;

    /// <summary>What the guest has read and written, and where; to be compared.</summary>
    internal List<(ulong Place, ulong Value)> Trace { get; } = [];

    /// <summary>Interrupts the guest has not looked at yet: the level of the line.</summary>
    internal bool IsInterrupting => Controller.InterruptLevel;

    internal ulong Read(ulong address, int size)
    {
        ulong value = ReadMemory(address, size);
        Trace.Add((address, value));
        return value;
    }

    internal uint In(ushort port, int size)
    {
        uint value = ReadPort(port, size);
        Trace.Add((port, value));
        return value;
    }

    /// <summary>One thing happens in the controller, and the interrupt is looked at.</summary>
    internal bool Step()
    {
        bool did = Controller.Step();
        Trace.Add((0, Controller.InterruptLevel ? 1u : 0));
        return did;
    }

    internal void Write(ulong address, int size, ulong value)
    {
        Trace.Add((address | WriteMark, value));
        WriteMemory(address, size, value);
    }

    internal void Out(ushort port, int size, uint value)
    {
        Trace.Add((port | WriteMark, value));
        WritePort(port, size, value);
    }

    internal uint Get(HostRegister register) => (uint)Read(AhciFunction.RegisterBase + (uint)register, 4);

    internal void Put(HostRegister register, uint value) => Write(AhciFunction.RegisterBase + (uint)register, 4, value);

    internal uint Get(int port, PortRegister register) => (uint)Read(Address(port, register), 4);

    internal void Put(int port, PortRegister register, uint value) => Write(Address(port, register), 4, value);

    /// <summary>Selects a register of configuration space and says where its data are.</summary>
    internal ushort Select(int offset)
    {
        Out(0xCF8, 4, 0x8000_0000 | ((uint)DeviceFunction << 8) | ((uint)offset & 0xFC));
        return (ushort)(0xCFC + (offset & 3));
    }

    internal Span<byte> Ram(ulong address, int length) => Memory.Ram(address, length);

    public abstract void Dispose();

    protected abstract ulong ReadMemory(ulong address, int size);

    protected abstract uint ReadPort(ushort port, int size);

    protected abstract void WriteMemory(ulong address, int size, ulong value);

    protected abstract void WritePort(ushort port, int size, uint value);

    protected static ulong Address(int port, PortRegister register) =>
        AhciFunction.RegisterBase + (uint)HostRegister.Ports + ((uint)port * (uint)HostRegister.PortSize) + (uint)register;
}
