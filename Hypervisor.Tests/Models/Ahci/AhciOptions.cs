namespace Hypervisor.Tests.Models.Ahci;

/// <summary>What an <see cref="AhciController"/> is like, where controllers differ.</summary>
internal sealed record AhciOptions
{
    /// <summary>PI.</summary>
    internal uint Ports { get; init; } = 0x3F;

    /// <summary>Number of slots of each list.</summary>
    internal int Slots { get; init; } = 32;

    internal bool Has64Bits { get; init; } = true;

    internal bool HasMultipliers { get; init; } = true;

    /// <summary>CAP.FBSS; there is nothing behind it.</summary>
    internal bool TellsOfFisSwitching { get; init; }

    /// <summary>Writes narrower than a register change the bytes they name, as buses say; else they write the whole register, the value in its lowest bytes, as QEMU's controller
    /// does.</summary>
    internal bool HasByteEnables { get; init; } = true;

    /// <summary>Bits written to PxCI while PxCMD.ST is clear stay, and are executed once it is set, as in QEMU; else they are not taken (AHCI 1.3.1 §3.3.14).</summary>
    internal bool KeepsIssueWhileStopped { get; init; }

    /// <summary>Steps between PxCMD.ST clear and PxCMD.CR clear, and the same for FRE and FR.</summary>
    internal int StopSteps { get; init; } = 2;

    /// <summary>Blocks of data moved in a step.</summary>
    internal int BlocksAtOnce { get; init; } = 4;

    /// <summary>Steps that each read of a register lets happen: a device that goes on while somebody waits for it.</summary>
    internal int StepsPerRead { get; init; }
}
