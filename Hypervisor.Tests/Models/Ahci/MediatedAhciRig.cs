using System;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The machine with the host in it, and mediators behind the one of PCI.</summary>
internal sealed unsafe class MediatedAhciRig : AhciRig
{
    internal MediatedAhciRig(
        Func<PciMediator, PciConfiguration, Mediator> mediator, AhciOptions? options = null, Action<AhciController>? plug = null, bool pairInConfiguration = false, ulong extraSize = 0)
        : base(options, pairInConfiguration)
    {
        Machine = new PciMachine(
            Bus,
            new PciMachineOptions
            {
                Mediators = [mediator],
                ExtraSize = extraSize,
                Prepare = machine =>
                {
                    Controller.Memory = new SystemMemory((ulong)machine.Guest(0), RamSize)
                    {
                        Host = (machine.Options.RegionBase, machine.Options.RegionBase + machine.RegionSize),
                    };
                    plug?.Invoke(Controller);
                },
            });
    }

    internal PciMachine Machine { get; }

    internal string Log => Machine.Inner.LogText().Replace("\0", "", StringComparison.Ordinal);

    public override void Dispose() => Machine.Dispose();

    protected override void WriteMemory(ulong address, int size, ulong value) => Machine.Write(address, size, value);

    protected override void WritePort(ushort port, int size, uint value) => Machine.Out(port, size, value);

    protected override ulong ReadMemory(ulong address, int size) => Machine.Read(address, size);

    protected override uint ReadPort(ushort port, int size) => Machine.In(port, size);
}
