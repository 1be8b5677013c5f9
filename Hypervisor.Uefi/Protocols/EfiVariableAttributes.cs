using System;

namespace Hypervisor.Uefi.Protocols;

/// <summary>Attributes of a variable (UEFI 2.10 §8.2).</summary>
[Flags]
public enum EfiVariableAttributes : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>It outlives a power cycle.</summary>
    NonVolatile = 1,

    /// <summary>It is there before ExitBootServices.</summary>
    BootServiceAccess = 2,

    /// <summary>It is there afterwards too.</summary>
    RuntimeAccess = 4,
}
