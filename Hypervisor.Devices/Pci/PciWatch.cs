using System;

namespace Hypervisor.Devices.Pci;

/// <summary>Why accesses to a function's configuration space are looked at.</summary>
[Flags]
internal enum PciWatch : byte
{
    /// <summary>They are not: they pass.</summary>
    None = 0,

    /// <summary>A policy hides it.</summary>
    Hidden = 1,

    /// <summary>A mediator has claimed it.</summary>
    Claimed = 2,

    /// <summary>It is a bridge: functions behind it move with its bus numbers.</summary>
    Bridge = 4,

    /// <summary>It is the host bridge that can move a window of configuration space.</summary>
    MovesWindow = 8,
}
