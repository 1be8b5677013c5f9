using System;
using Hypervisor.Control.Platform;

namespace Hypervisor.Control;

/// <summary>Says what went wrong, in one line.</summary>
internal static class Complaint<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Writes the line.</summary>
    /// <returns>What the program ends with when nothing else is known.</returns>
    public static ExitStatus Say(ReadOnlySpan<byte> text, ReadOnlySpan<byte> detail = default, ReadOnlySpan<byte> further = default)
    {
        TPlatform.WriteError("hvctl: "u8);
        TPlatform.WriteError(text);
        TPlatform.WriteError(detail);
        TPlatform.WriteError(further);
        TPlatform.WriteError("\n"u8);
        return ExitStatus.Failure;
    }
}
