using Hypervisor.Core.Host;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The host's part: when a fault is due, and raising it.</summary>
public static unsafe partial class DeliberateFault
{
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
