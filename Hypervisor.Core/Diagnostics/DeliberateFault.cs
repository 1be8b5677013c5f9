using System;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Faults the host raises on purpose, so that its report can be tested.</summary>
public static unsafe class DeliberateFault
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

    /// <summary>The fault that is due, if any: nothing before the firmware has handed over.</summary>
    public static Kind Due(ProcessorData* processor) =>
        processor->Machine->BootServicesExited == 0 ? Kind.None : (Kind)processor->Machine->DeliberateFault;

    /// <summary>Raises the fault that was asked for, if any; called at exits that are not hot.</summary>
    public static void Check(ProcessorData* processor)
    {
        uint kind = (uint)Due(processor);
        if (kind == 0)
        {
            return;
        }

        processor->Machine->DeliberateFault = 0;
        if (IsEntryFailure((Kind)kind))
        {
            Log.Write(LogLevel.Warning, processor->Index, "fault-test: this processor's VM entries cannot fail that way, only Intel's can; nothing is done"u8);
            return;
        }

        switch ((Kind)kind)
        {
            case Kind.PageFault:
                *(uint*)0x10 = kind;
                break;
            case Kind.Bounds:
                _ = "hv"u8[(int)kind];
                break;
            case Kind.StackOverflow:
                Recurse(kind);
                break;
        }
    }

    private static uint Recurse(uint depth) => depth == 0 ? 0 : Recurse(depth + 1) + depth;
}
