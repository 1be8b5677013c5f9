using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The error register (ATA8-ACS §6.3).</summary>
[Flags]
internal enum AtaError : byte
{
    None = 0,
    Abort = 0x04,
    NotFound = 0x10,
    InterfaceCrc = 0x80,
}
