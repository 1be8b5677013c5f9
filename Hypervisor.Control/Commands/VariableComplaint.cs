using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;

namespace Hypervisor.Control.Commands;

/// <summary>Says why an access to a firmware variable did not work.</summary>
internal static class VariableComplaint<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Says it, unless it did.</summary>
    public static ExitStatus Check(VariableOutcome outcome, ReadOnlySpan<byte> variable) => outcome switch
    {
        VariableOutcome.Done => ExitStatus.Success,
        VariableOutcome.Missing => Complaint<TPlatform>.Say("there is no firmware variable "u8, variable),
        VariableOutcome.TooLarge => Complaint<TPlatform>.Say("too large for the firmware, or for this program: "u8, variable),
        VariableOutcome.Unavailable => Complaint<TPlatform>.Say("there are no firmware variables here: efivarfs is not mounted, or the machine was not started by UEFI"u8),
        _ => Complaint<TPlatform>.Say("refused (are you root? does the firmware hide it from operating systems?): "u8, variable),
    };
}
