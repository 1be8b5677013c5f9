namespace Hypervisor.Guests.Probe.Layout;

/// <summary>Where a record of the task-switch check was made.</summary>
public enum TaskStage
{
    /// <summary>In the task that was called.</summary>
    Called,

    /// <summary>Behind the call.</summary>
    CalledBack,

    /// <summary>In the task that was jumped to.</summary>
    Jumped,

    /// <summary>Behind the jump.</summary>
    JumpedBack,

    /// <summary>In the task behind a gate.</summary>
    Gate,

    /// <summary>Behind INT n.</summary>
    GateBack,

    /// <summary>In the task that #GP enters, with an error code.</summary>
    Fault,

    /// <summary>Behind the instruction that faulted.</summary>
    FaultBack,

    /// <summary>In the handler of #NP.</summary>
    Absent,

    /// <summary>Behind the call of a task that is not present.</summary>
    AbsentBack,

    /// <summary>In the handler of #TS, in the new task.</summary>
    BadSegment,

    /// <summary>Behind the call of a task with a bad segment.</summary>
    BadSegmentBack,

    /// <summary>In the handler of #DB, before the new task's first instruction.</summary>
    Trap,

    /// <summary>In the task with the debug trap flag.</summary>
    Trapped,

    /// <summary>Behind its call.</summary>
    TrappedBack,
}
