using System.Runtime.InteropServices;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>Addresses of the parts of the task-switch check, in the order in which the stub stores them.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TaskCode
{
    /// <summary>Where it begins, in 32-bit code.</summary>
    public byte* Begin;

    /// <summary>Entries of the tasks, from the second on, in the order of their names.</summary>
    public byte* Called;

    /// <summary>Entry of the task that is jumped to.</summary>
    public byte* Jumped;

    /// <summary>Entry of the task behind a gate.</summary>
    public byte* Gate;

    /// <summary>Entry of the task that #GP enters.</summary>
    public byte* Fault;

    /// <summary>Entry of the task with the debug trap flag, and of those that never run.</summary>
    public byte* Trapped;

    /// <summary>Handler of #NP.</summary>
    public byte* AbsentHandler;

    /// <summary>Handler of #TS.</summary>
    public byte* BadSegmentHandler;

    /// <summary>Handler of #DB.</summary>
    public byte* TrapHandler;
}
