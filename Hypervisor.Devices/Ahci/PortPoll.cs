using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Waiting for a port, and starting and stopping it (AHCI 1.3.1 §10.3). Bounds are reads of a register, of which a million take less than a second.</summary>
internal sealed class PortPoll
{
    /// <summary>How long a command of the host's own may take.</summary>
    internal const int CommandReads = 500_000;

    /// <summary>How long a port may take to stop: half a second (AHCI 1.3.1 §10.1.2).</summary>
    private const int StopReads = 500_000;

    private readonly AhciRegisters _registers;

    internal PortPoll(AhciRegisters registers)
    {
        _registers = registers;
    }

    /// <summary>Whether the controller has no command of a port.</summary>
    internal bool IsIdle(MediatorHost host, in AhciController controller, int number) =>
        (_registers.ReadPort(host, controller, number, AhciRegister.CommandIssue) | _registers.ReadPort(host, controller, number, AhciRegister.SataActive)) == 0;

    /// <summary>Whether it has none but those the guest has announced in PxSACT and the controller has yet to get.</summary>
    internal bool IsIdleBut(MediatorHost host, in AhciController controller, int number, uint held) =>
        (_registers.ReadPort(host, controller, number, AhciRegister.CommandIssue)
            | (_registers.ReadPort(host, controller, number, AhciRegister.SataActive) & ~held)) == 0;

    /// <summary>Waits until it has none.</summary>
    internal bool WaitIdle(MediatorHost host, in AhciController controller, int number, int reads)
    {
        for (int i = 0; i < reads; i++)
        {
            if (IsIdle(host, controller, number))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until a stopped port no longer works on its list.</summary>
    internal bool WaitStopped(MediatorHost host, in AhciController controller, int number)
    {
        for (int i = 0; i < StopReads; i++)
        {
            if (!Command(host, controller, number).ListRuns)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Stops a port.</summary>
    /// <returns>False where it does not stop.</returns>
    internal bool Stop(MediatorHost host, in AhciController controller, int number)
    {
        SetStart(host, controller, number, started: false);
        return WaitStopped(host, controller, number);
    }

    /// <summary>Starts a port.</summary>
    internal void Start(MediatorHost host, in AhciController controller, int number) => SetStart(host, controller, number, started: true);

    /// <summary>PxCMD.</summary>
    internal AhciPortCommand Command(MediatorHost host, in AhciController controller, int number) =>
        new(_registers.ReadPort(host, controller, number, AhciRegister.Command));

    /// <summary>Gives a stopped port a command list.</summary>
    internal void SetList(MediatorHost host, in AhciController controller, int number, ulong list)
    {
        const int upperShift = 32;
        _registers.WritePort(host, controller, number, AhciRegister.CommandList, (uint)list);
        _registers.WritePort(host, controller, number, AhciRegister.CommandListUpper, (uint)(list >> upperShift));
    }

    private void SetStart(MediatorHost host, in AhciController controller, int number, bool started) => _registers.WritePort(
        host, controller, number, AhciRegister.Command, Command(host, controller, number).WithStart(started).Value);
}
