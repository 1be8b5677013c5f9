using System;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The machine without a host.</summary>
internal sealed class BareAhciRig : AhciRig
{
    private readonly NativeRegion _ram = new(RamSize);
    private readonly Dictionary<ulong, ulong> _devices = [];

    internal BareAhciRig(AhciOptions? options = null, Action<AhciController>? plug = null, bool pairInConfiguration = false)
        : base(options, pairInConfiguration)
    {
        Controller.Memory = new SystemMemory(_ram.Base, RamSize);
        plug?.Invoke(Controller);
    }

    public override void Dispose() => _ram.Dispose();

    protected override void WriteMemory(ulong address, int size, ulong value)
    {
        if (!Bus.WriteMemory(address, size, value))
        {
            _devices[address] = value;
        }
    }

    protected override void WritePort(ushort port, int size, uint value) => Bus.Out(port, size, value);

    protected override ulong ReadMemory(ulong address, int size)
    {
        // What no function has behaves as in PciMachine.
        ulong value = Bus.ReadMemory(address, size) ?? _devices.GetValueOrDefault(address);
        return size == 8 ? value : value & ((1ul << (size * 8)) - 1);
    }

    protected override uint ReadPort(ushort port, int size) => Bus.In(port, size);
}
