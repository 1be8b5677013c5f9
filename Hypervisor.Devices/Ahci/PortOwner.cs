using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Devices.Ahci;

/// <summary>Whose command list a governed port works on: the guest's until it can be replaced, then the host's.</summary>
internal sealed class PortOwner
{
    private const int AttachReads = 100_000;

    private readonly SlotQueue _queue;

    internal PortOwner(SlotQueue queue)
    {
        _queue = queue;
    }

    /// <summary>Takes a port over, at once where it has nothing to do.</summary>
    internal void Take(in PortAccess port)
    {
        Learn(port);
        if (port.State.Command.IsStarted && !port.State.IsInstalled)
        {
            _ = PortPoll.WaitIdle(port, AttachReads);
            TrySwitch(port);
        }
    }

    /// <summary>Gives a port that has no command back to the guest.</summary>
    internal static void Return(in PortAccess port)
    {
        bool started = port.State.Command.IsStarted;
        if (!started || PortPoll.Stop(port))
        {
            PortPoll.SetList(port, port.State.List);
            port.State.IsInstalled = false;
            if (started)
            {
                PortPoll.Start(port);
            }
        }
    }

    /// <summary>Reads what the registers hold, where that is not known any more.</summary>
    internal static void Learn(in PortAccess port)
    {
        if (port.State.IsKnown)
        {
            return;
        }

        port.State.IsKnown = true;
        port.State.Command = port.Command;
        port.State.Received = port.ReadAddress(AhciRegister.ReceivedFis);
        ulong list = port.ReadAddress(AhciRegister.CommandList);
        if (list != port.OwnListAddress)
        {
            port.State.List = list;
            port.State.IsInstalled = false;
        }
    }

    /// <summary>The registers have been reset: the port has no list, no command, perhaps another disk.</summary>
    internal void Lost(in PortAccess port)
    {
        _queue.DropAll(port);
        DiskInquiry.Forget(port);
        port.State.IsKnown = false;
        port.State.IsInstalled = false;
    }

    /// <summary>The machine is awake, or has not slept: a port whose registers are as they were goes on.</summary>
    internal void Resume(in PortAccess port)
    {
        bool isOurs = port.State.IsInstalled && port.State.Command.IsStarted && port.ReadAddress(AhciRegister.CommandList) == port.OwnListAddress;
        if (!isOurs)
        {
            Lost(port);
        }
    }

    /// <summary>Gives a running port the host's list, where it has no command: it has to be stopped for that (AHCI 1.3.1 §3.3.1).</summary>
    /// <returns>Whether it has that list now.</returns>
    internal static bool TrySwitch(in PortAccess port)
    {
        if (port.State.CannotStop || !port.IsIdle)
        {
            return false;
        }

        if (!PortPoll.Stop(port))
        {
            port.State.CannotStop = true;
            port.Log(LogLevel.Warning).Text(": does not stop, so its commands wait until the guest starts it anew"u8).End();
            return false;
        }

        Install(port);
        PortPoll.Start(port);
        return true;
    }

    /// <summary>The guest writes PxCMD.</summary>
    /// <param name="port">The port.</param>
    /// <param name="after">What is about to be written.</param>
    internal void SetCommand(in PortAccess port, AhciPortCommand after)
    {
        ref AhciPort state = ref port.State;
        AhciPortCommand before = state.Command;
        if (before.IsStarted && !after.IsStarted)
        {
            _queue.GiveUpHeld(port);
            state.Announced = 0;
            state.IsStopping = state.Issued != 0;
        }
        else if (!before.IsStarted && after.IsStarted)
        {
            if (state.IsStopping)
            {
                _ = PortPoll.WaitStopped(port);
                _queue.DropAll(port);
            }

            Install(port);
        }

        state.Command = after;
    }

    private static void Install(in PortAccess port)
    {
        PortPoll.SetList(port, port.OwnListAddress);
        port.State.IsInstalled = true;
        port.State.CannotStop = false;
    }
}
