using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Svm;
using Hypervisor.Core.Traps;

namespace Hypervisor.Tests.Models;

/// <summary>A simulated machine behind mediators, which have been attached as the driver does it.</summary>
internal sealed unsafe class MediatedMachine : IDisposable
{
    private const ulong AttachFunction = 5;

    internal MediatedMachine(params Mediator[] mediators)
        : this(null, mediators)
    {
    }

    internal MediatedMachine(MachineOptions? options, params Mediator[] mediators)
    {
        MediatorObjects.Clear();
        MediatorSelection.Reset();
        Array.ForEach(mediators, MediatorObjects.Add);
        Inner = new SimulatedMachine(options);
        options?.Fill?.Invoke(Inner);
        Attach();
    }

    internal SimulatedMachine Inner { get; }

    internal MediatorState State(int mediator = 0) => Inner.Machine->Traps->Mediators[mediator].State;

    internal MediatorRecord* Record(int mediator = 0) => Inner.Machine->Traps->Mediators + mediator;

    /// <summary>IN of the guest, on a processor.</summary>
    internal uint In(ushort port, int size, int processor = 0)
    {
        uint value = 0;
        Instructions.Processor = Inner.Processors[processor];
        return TakesShortWay(processor, port, size, isIn: true, ref value) || PortTraps.Access(Inner[processor], port, size, isWrite: false, ref value)
            ? value
            : throw new InvalidOperationException("left to the guest");
    }

    /// <summary>OUT of the guest, on a processor.</summary>
    internal void Out(ushort port, int size, uint value, int processor = 0)
    {
        Instructions.Processor = Inner.Processors[processor];
        if (!TakesShortWay(processor, port, size, isIn: false, ref value) && !PortTraps.Access(Inner[processor], port, size, isWrite: true, ref value))
        {
            throw new InvalidOperationException("left to the guest");
        }
    }

    public void Dispose()
    {
        Inner.Dispose();
        MediatorObjects.Clear();
    }

    /// <summary>Both ways are gone, as exits do: what may not take the short one takes the long one.</summary>
    private bool TakesShortWay(int processor, ushort port, int size, bool isIn, ref uint value)
    {
        long result = ConfigurationTraps.IsPair(port)
            ? ConfigurationTraps.TryAccess(Inner[processor], new PortAccess(port, size, isIn, isString: false), value) : ConfigurationTraps.NotDone;
        value = result < 0 ? value : (uint)result;
        return result >= 0;
    }

    private void Attach()
    {
        Inner.Vmcb->Rip = SimulatedMachine.DriverBase + 0x10;
        Inner.Vmcb->Cpl = 0;
        Inner.Vmcb->Rax = Core.Diagnostics.HypercallProtocol.Signature;
        Inner.Data->Registers.Rcx = AttachFunction;
        Inner.Exit(SvmExitCode.VmmCall);
    }
}
