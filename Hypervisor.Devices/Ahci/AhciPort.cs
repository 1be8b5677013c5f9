namespace Hypervisor.Devices.Ahci;

/// <summary>A port, as it is followed.</summary>
internal struct AhciPort
{
    /// <summary>Whether <see cref="Command"/>, <see cref="List"/> and <see cref="Received"/> are what the registers hold.</summary>
    internal bool IsKnown;

    /// <summary>What was last written to PxCMD.</summary>
    internal AhciPortCommand Command;

    /// <summary>PxCLB and PxCLBU.</summary>
    internal ulong List;

    /// <summary>PxFB and PxFBU.</summary>
    internal ulong Received;

    /// <summary>Watched: a bit for each command that was issued and has not been seen to end.</summary>
    internal uint Outstanding;

    /// <summary>Watched: a bit for each command that was issued while the port was stopped.</summary>
    internal uint Early;

    /// <summary>Governed: its place in the mediator's own memory.</summary>
    internal int Place;

    /// <summary>Governed: whether it has one.</summary>
    internal bool HasPlace;

    /// <summary>Governed: whether the controller has the host's command list, and not the guest's.</summary>
    internal bool IsInstalled;

    /// <summary>Governed: whether it did not stop when the host's list was to be given to it.</summary>
    internal bool CannotStop;

    /// <summary>Governed: whether the guest has stopped it, and commands may still be under way.</summary>
    internal bool IsStopping;

    /// <summary>Governed: commands the controller has.</summary>
    internal uint Issued;

    /// <summary>Governed: commands the guest has issued and the controller has yet to get.</summary>
    internal uint Held;

    /// <summary>Governed: which of both are queued ones.</summary>
    internal uint Queued;

    /// <summary>Governed: bits of PxSACT that the guest has set and the controller has yet to get, together with the command.</summary>
    internal uint Announced;

    /// <summary>Governed: whether anything is to be done at the next occasion.</summary>
    internal readonly bool IsBusy => (Issued | Held) != 0;
}
