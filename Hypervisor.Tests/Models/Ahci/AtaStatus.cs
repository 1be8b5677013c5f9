using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The status of a device (ATA8-ACS §6.2).</summary>
[Flags]
internal enum AtaStatus : byte
{
    None = 0,
    Error = 0x01,
    DataRequest = 0x08,
    SeekComplete = 0x10,
    Ready = 0x40,
    Busy = 0x80,

    /// <summary>Ready, with bit 4, which old devices show.</summary>
    Idle = Ready | SeekComplete,
}
