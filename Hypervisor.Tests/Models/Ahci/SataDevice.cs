using System;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A device on a SATA link.</summary>
internal abstract class SataDevice
{
    /// <summary>Queued commands it has taken and not finished.</summary>
    internal List<DeviceCommand> Queue { get; } = [];

    /// <summary>Queued commands the host has given up on without a reset: the next command is an error (SATA 3.0 §13.6.3).</summary>
    internal bool IsStale { get; set; }

    /// <summary>Commands other than refused ones that it has executed.</summary>
    internal List<AtaCommand> Executed { get; } = [];

    /// <summary>The port of a multiplier it is at.</summary>
    internal int MultiplierPort { get; set; }

    /// <summary>Its frame after a reset (SATA 3.0 §11.3, ATA8-ACS §4.4).</summary>
    internal abstract ResponseFis Signature();

    /// <summary>Takes a command.</summary>
    internal abstract DeviceCommand Begin(CommandFis fis, ReadOnlySpan<byte> packet);

    /// <summary>The device a frame for a port of a multiplier reaches; null for none.</summary>
    internal virtual SataDevice? At(int multiplierPort) => this;

    /// <summary>The devices it is or stands for.</summary>
    internal virtual IEnumerable<SataDevice> All => [this];

    /// <summary>A reset, of the link or by the control register.</summary>
    internal virtual void Reset()
    {
        Queue.Clear();
        IsStale = false;
    }

    /// <summary>A queued command has failed: the others are gone with it.</summary>
    internal virtual void FailQueue(DeviceCommand? failed) => Queue.Clear();
}
