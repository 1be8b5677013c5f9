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
    }

    /// <summary>Raises the fault that was asked for, if any; called at exits that are not hot.</summary>
    public static void Check(ProcessorData* processor)
    {
        uint kind = processor->Machine->DeliberateFault;
        if (kind == 0 || processor->Machine->BootServicesExited == 0)
        {
            return;
        }

        processor->Machine->DeliberateFault = 0;
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
