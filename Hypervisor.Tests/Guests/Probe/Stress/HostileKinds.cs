using System;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Kinds of access of a hostile guest, so that a failure can be narrowed down to one.</summary>
[Flags]
public enum HostileKinds : uint
{
    /// <summary>None: all are meant.</summary>
    None = 0,

    /// <summary>Ports.</summary>
    Ports = 1,

    /// <summary>MSRs.</summary>
    Msrs = 2,

    /// <summary>Configuration space by ports.</summary>
    Pci = 4,

    /// <summary>Interrupt commands.</summary>
    Commands = 8,

    /// <summary>Hypercalls.</summary>
    Calls = 16,

    /// <summary>Trapped memory.</summary>
    Memory = 32,

    /// <summary>Instructions of virtualisation and others that exit.</summary>
    Instructions = 64,

    /// <summary>Stack, code and interrupt frames in trapped memory.</summary>
    Stacks = 128,

    /// <summary>All.</summary>
    All = 255,
}
