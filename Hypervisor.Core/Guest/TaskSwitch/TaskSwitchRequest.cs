using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>A task switch that the guest attempts.</summary>
public struct TaskSwitchRequest
{
    /// <summary>The task-state segment to switch to.</summary>
    public SegmentSelector Selector;

    /// <summary>What asks for it.</summary>
    public TaskSwitchSource Source;

    /// <summary>An event outside the program asks for it: error codes say so (EXT).</summary>
    public bool IsExternal;

    /// <summary>The event that goes through the gate has an error code, for the new task's stack.</summary>
    public bool HasErrorCode;

    /// <summary>That error code.</summary>
    public uint ErrorCode;

    /// <summary>The old task waits for the new one, which finds it by its link field.</summary>
    public readonly bool IsNested => Source is TaskSwitchSource.Call or TaskSwitchSource.Gate;
}
