using System;

namespace Hypervisor.Devices.Pci;

/// <summary>The two spaces a function answers in, with the values they have in the command register (PCI 3.0 §6.2.2).</summary>
[Flags]
internal enum PciSpaces : byte
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>I/O Space.</summary>
    Io = 1,

    /// <summary>Memory Space.</summary>
    Memory = 2,

    /// <summary>Both.</summary>
    All = Io | Memory,
}
