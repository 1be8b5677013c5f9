using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The machine without a host.</summary>
internal sealed class BareAhciRig : AhciRig
{
    private readonly NativeRegion _ram = new(RamSize);

    internal BareAhciRig(AhciOptions? options = null, Action<AhciController>? plug = null, bool pairInConfiguration = false)
        : base(options, pairInConfiguration)
    {
        Controller.Memory = new SystemMemory(_ram.Base, RamSize);
        plug?.Invoke(Controller);
    }

    internal override ulong Read(ulong address, int size) => Bus.ReadMemory(address, size) ?? throw new ArgumentOutOfRangeException(nameof(address));

    internal override void Write(ulong address, int size, ulong value) => Bus.WriteMemory(address, size, value);

    internal override uint In(ushort port, int size) => Bus.In(port, size);

    internal override void Out(ushort port, int size, uint value) => Bus.Out(port, size, value);

    public override void Dispose() => _ram.Dispose();
}
