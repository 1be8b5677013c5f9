using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What was wrong with tables, or too much. Reading goes on after all of them but the last.</summary>
[Flags]
public enum AmlProblems
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An operation that ends too early, or has no name where one must be.</summary>
    Malformed = 1 << 0,

    /// <summary>A byte that is no operation.</summary>
    UnknownOperation = 1 << 1,

    /// <summary>An operation that claims to end behind what holds it.</summary>
    LengthTooLong = 1 << 2,

    /// <summary>Operations nested deeper than there is room for: the innermost were passed over.</summary>
    TooDeep = 1 << 3,

    /// <summary>More names than there is room for: arguments of calls may have been counted wrongly.</summary>
    TooManyNames = 1 << 4,

    /// <summary>More definitions of sleep states, serial ports or methods of theirs than there is room for.</summary>
    TooManyFindings = 1 << 5,

    /// <summary>More tables than are told apart.</summary>
    TooManyTables = 1 << 6,

    /// <summary>Reading a table took more steps than its length allows, and ended there.</summary>
    TooMuchWork = 1 << 7,
}
