namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>How a task switch ended.</summary>
public struct TaskSwitchResult
{
    /// <summary>
    /// The processor runs the new task, and the state is the new one. Otherwise nothing has been changed, and <see cref="Exception"/> is raised in the old task.
    /// </summary>
    public bool Committed;

    /// <summary>The exception that it ends in; none where all went well.</summary>
    public GuestEvent Exception;

    /// <summary>What CR2 receives, where the exception is a page fault.</summary>
    public ulong FaultAddress;

    /// <summary>The new task wants to be stopped before its first instruction: #DB with DR6.BT (Intel SDM vol 3 §17.3.1.5).</summary>
    public bool DebugTrap;
}
