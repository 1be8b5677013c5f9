using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>A port, its state and its registers, for the time of one call.</summary>
internal readonly ref struct PortAccess
{
    /// <summary>The host of the mediator.</summary>
    internal readonly MediatorHost Host;

    /// <summary>The controller.</summary>
    internal readonly ref AhciController Controller;

    /// <summary>What is known about the port.</summary>
    internal readonly ref AhciPort State;

    /// <summary>Number of the port.</summary>
    internal readonly int Number;

    private readonly AhciRegisters _registers;

    internal PortAccess(MediatorHost host, AhciRegisters registers, AhciControllers controllers, int controller, int number)
    {
        Host = host;
        Controller = ref controllers[controller];
        State = ref controllers.Port(controller, number);
        Number = number;
        _registers = registers;
    }

    /// <summary>PxCMD.</summary>
    internal AhciPortCommand Command => new(Read(AhciRegister.Command));

    /// <summary>PxTFD.</summary>
    internal AhciTaskFile TaskFile => new(Read(AhciRegister.TaskFile));

    /// <summary>Governed: its commands.</summary>
    internal System.Span<AhciSlot> Slots => GovernedMemory.Slots(Host, State.Place);

    /// <summary>Governed: the host's command list.</summary>
    internal System.Span<uint> OwnList => GovernedMemory.List(Host, State.Place);

    /// <summary>Governed: where that is.</summary>
    internal ulong OwnListAddress => Host.OwnMemoryAddress + (uint)GovernedMemory.ListOffset(State.Place);

    /// <summary>Whether the controller has no command of the port.</summary>
    internal bool IsIdle => (Read(AhciRegister.CommandIssue) | Read(AhciRegister.SataActive)) == 0;

    /// <summary>Reads a register.</summary>
    internal uint Read(int register) => _registers.ReadPort(Host, Controller, Number, register);

    /// <summary>Writes a register.</summary>
    internal void Write(int register, uint value) => _registers.WritePort(Host, Controller, Number, register, value);

    /// <summary>Reads two registers that are one address.</summary>
    internal ulong ReadAddress(int register) => _registers.ReadAddress(Host, Controller, Number, register);

    /// <summary>Begins a line of the log about it.</summary>
    internal LogLine Log(LogLevel level) => AhciText.Port(Host.Log(level), Controller, Number);
}
