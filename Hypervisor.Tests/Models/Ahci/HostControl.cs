using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>GHC (AHCI 1.3.1 §3.1.2).</summary>
[Flags]
internal enum HostControl : uint
{
    None = 0,
    Reset = 1 << 0,
    InterruptEnable = 1 << 1,
    AhciEnable = 1u << 31,
}
