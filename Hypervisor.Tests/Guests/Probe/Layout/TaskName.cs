namespace Hypervisor.Guests.Probe.Layout;

/// <summary>The tasks of the task-switch check.</summary>
public enum TaskName
{
    /// <summary>Where it begins and ends.</summary>
    Main,

    /// <summary>Entered by CALL, left by IRET.</summary>
    Called,

    /// <summary>Entered by JMP, left by JMP.</summary>
    Jumped,

    /// <summary>Entered through a gate by INT n.</summary>
    Gate,

    /// <summary>Entered through a gate by #GP.</summary>
    Fault,

    /// <summary>Its DS is bad.</summary>
    BadSegment,

    /// <summary>Not present.</summary>
    Absent,

    /// <summary>Its debug trap flag is set.</summary>
    Trapped,
}
