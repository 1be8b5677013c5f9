namespace Hypervisor.Devices.Ahci;

/// <summary>Waiting for a port, and starting and stopping it (AHCI 1.3.1 §10.3). Bounds are reads of a register, of which a million take less than a second.</summary>
internal static class PortPoll
{
    /// <summary>How long a command of the host's own may take.</summary>
    internal const int CommandReads = 500_000;

    /// <summary>How long a port may take to stop: half a second (AHCI 1.3.1 §10.1.2).</summary>
    private const int StopReads = 500_000;

    /// <summary>Waits until the controller has no command of a port.</summary>
    internal static bool WaitIdle(in PortAccess port, int reads)
    {
        for (int i = 0; i < reads; i++)
        {
            if (port.IsIdle)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until a stopped port no longer works on its list.</summary>
    internal static bool WaitStopped(in PortAccess port)
    {
        for (int i = 0; i < StopReads; i++)
        {
            if (!port.Command.ListRuns)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Stops a port.</summary>
    /// <returns>False where it does not stop: it goes on then.</returns>
    internal static bool Stop(in PortAccess port)
    {
        SetStart(port, started: false);
        if (WaitStopped(port))
        {
            return true;
        }

        SetStart(port, started: true);
        return false;
    }

    /// <summary>Starts a port.</summary>
    internal static void Start(in PortAccess port) => SetStart(port, started: true);

    /// <summary>Gives a stopped port a command list.</summary>
    internal static void SetList(in PortAccess port, ulong list)
    {
        const int upperShift = 32;
        port.Write(AhciRegister.CommandList, (uint)list);
        port.Write(AhciRegister.CommandListUpper, (uint)(list >> upperShift));
    }

    private static void SetStart(in PortAccess port, bool started) => port.Write(AhciRegister.Command, port.Command.WithStart(started).Value);
}
