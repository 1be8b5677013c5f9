using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A command as a device executes it: what it transfers, and what it ends with.</summary>
internal sealed class DeviceCommand(CommandFis fis)
{
    internal CommandFis Fis => fis;

    internal TransferDirection Direction { get; init; }

    /// <summary>Blocks are announced by PIO setup frames; else it is DMA.</summary>
    internal bool IsPio { get; init; }

    /// <summary>A PACKET command: the device fetches twelve bytes first, and ends with a register frame in any case.</summary>
    internal bool IsPacket { get; init; }

    internal bool IsQueued { get; init; }

    /// <summary>Bytes.</summary>
    internal int Length { get; init; }

    /// <summary>Bytes of what is transferred at once.</summary>
    internal int Block { get; init; } = 512;

    /// <summary>Fills a block at an offset, or takes it.</summary>
    internal Action<int, byte[]>? Transfer { get; init; }

    /// <summary>Called when everything has been transferred.</summary>
    internal Action? Finish { get; init; }

    internal AtaStatus Status { get; init; } = AtaStatus.Idle;

    internal AtaError Error { get; init; }

    /// <summary>What the last frame says in its address.</summary>
    internal ulong Lba { get; init; }

    /// <summary>What the last frame says in its count.</summary>
    internal int Count { get; init; }

    internal bool IsError => (Status & AtaStatus.Error) != 0;

    internal int Slot { get; set; }

    internal CommandHeader Header { get; set; }

    internal SataDevice? Device { get; set; }

    /// <summary>Bytes transferred so far.</summary>
    internal int Done { get; set; }

    /// <summary>The device has taken the queued command, and the task file is free again.</summary>
    internal bool IsAccepted { get; set; }

    /// <summary>Where the next byte goes: descriptor and byte in it.</summary>
    internal (int Descriptor, int Offset) Place { get; set; }

    /// <summary>The table of descriptors was too short, or too short for what the device sent.</summary>
    internal bool IsShort { get; set; }

    internal static DeviceCommand Aborted(CommandFis fis, AtaError error = AtaError.Abort, bool isQueued = false, ulong lba = 0) =>
        new(fis) { Status = AtaStatus.Idle | AtaStatus.Error, Error = error, IsQueued = isQueued, Lba = lba };
}
