using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Faults the host raises on purpose, so that its report can be tested.</summary>
public static partial class DeliberateFault
{
    /// <summary>What to do.</summary>
    public enum Kind : uint
    {
        /// <summary>Nothing.</summary>
        None = 0,

        /// <summary>Read an address that is not mapped.</summary>
        PageFault = 1,

        /// <summary>Fail a check of compiled code: an index out of range.</summary>
        Bounds = 2,

        /// <summary>Run over the stack into its guard page.</summary>
        StackOverflow = 3,

        /// <summary>VM entry with CR0.NE of the guest 0. Intel only, like all that follow.</summary>
        EntryCr0 = 4,

        /// <summary>VM entry with RFLAGS of the guest 0: bit 1 must be 1.</summary>
        EntryRFlags = 5,

        /// <summary>VM entry with TR of the guest unusable.</summary>
        EntryTr = 6,

        /// <summary>VM entry with a VMCS link pointer that is no address of a page.</summary>
        EntryLink = 7,

        /// <summary>VM entry with a list of MSRs that must not be loaded so.</summary>
        EntryMsr = 8,

        /// <summary>VM entry with a null selector in CS of the host.</summary>
        EntryHostCs = 9,

        /// <summary>VM entry without the pin-based controls that must be on.</summary>
        EntryControls = 10,
    }

    /// <summary>What the configuration calls the kinds, in their order.</summary>
    public static ReadOnlySpan<byte> Names =>
        "off, page-fault, bounds, stack, entry-cr0, entry-rflags, entry-tr, entry-link, entry-msr, entry-host-cs or entry-controls"u8;

    /// <summary>The kinds that make a VM entry fail.</summary>
    public static bool IsEntryFailure(Kind kind) => kind >= Kind.EntryCr0;
}
