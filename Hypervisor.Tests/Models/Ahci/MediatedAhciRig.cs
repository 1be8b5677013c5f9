using System;
using System.Linq;
using System.Text;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The machine with the host in it, and mediators behind the one of PCI.</summary>
internal sealed unsafe class MediatedAhciRig : AhciRig
{
    internal MediatedAhciRig(
        Func<PciMediator, PciConfiguration, Mediator> mediator,
        AhciOptions? options = null,
        Action<AhciController>? plug = null,
        bool pairInConfiguration = false,
        ulong extraSize = 0,
        byte[]? table = null)
        : base(options, pairInConfiguration)
    {
        Machine = new PciMachine(
            Bus,
            new PciMachineOptions
            {
                Mediators = [mediator],
                ExtraSize = extraSize,
                Table = table,
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

    /// <summary>The mediator's own memory, which devices may reach.</summary>
    internal (ulong Start, ulong End) OwnMemory
    {
        get
        {
            MediatorHost host = MediatorObjects.Host(1);
            return (host.OwnMemoryAddress, host.OwnMemoryAddress + (ulong)host.OwnMemory.Length);
        }
    }

    /// <summary>Accesses of devices to memory of the host that is not the mediator's own.</summary>
    internal (ulong Address, int Length, bool IsWrite)[] Trespasses =>
        [.. Memory.HostAccesses.Where(a => a.Address < OwnMemory.Start || a.Address + (ulong)a.Length > OwnMemory.End)];

    internal string Log => Machine.Inner.LogText().Replace("\0", "", StringComparison.Ordinal);

    /// <summary>A number the mediator has for the owner; 0 where it has none of that name.</summary>
    internal ulong Statistic(string name)
    {
        for (int i = 0; ; i++)
        {
            ulong value = Machine.Others[0].Statistic(i, out ReadOnlySpan<byte> found);
            if (found.IsEmpty || found.SequenceEqual(Encoding.ASCII.GetBytes(name)))
            {
                return value;
            }
        }
    }

    public override void Dispose() => Machine.Dispose();

    protected override void WriteMemory(ulong address, int size, ulong value) => Machine.Write(address, size, value);

    protected override void WritePort(ushort port, int size, uint value) => Machine.Out(port, size, value);

    protected override ulong ReadMemory(ulong address, int size) => Machine.Read(address, size);

    protected override uint ReadPort(ushort port, int size) => Machine.In(port, size);
}
