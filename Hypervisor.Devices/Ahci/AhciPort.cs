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

    /// <summary>A bit for each command that was issued and has not been seen to end.</summary>
    internal uint Outstanding;
}
