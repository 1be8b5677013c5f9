namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A command as a guest gives it.</summary>
/// <param name="Fis">Its frame.</param>
internal sealed record GuestCommand(CommandFis Fis)
{
    /// <summary>Where the data are.</summary>
    internal (ulong Address, int Length)[] Buffers { get; init; } = [];

    internal bool IsWrite { get; init; }

    /// <summary>The packet of a PACKET command.</summary>
    internal byte[]? Packet { get; init; }

    internal bool ClearsBusy { get; init; }

    internal bool IsQueued => Fis.IsCommand && Fis.Command is AtaCommand.ReadFpdma or AtaCommand.WriteFpdma;
}
