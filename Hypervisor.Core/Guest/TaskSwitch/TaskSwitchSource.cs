namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>What asks for a task switch, numbered as the exit qualification of VMX does.</summary>
/// <remarks>Intel SDM vol 3 table 27-2.</remarks>
public enum TaskSwitchSource
{
    /// <summary>CALL: the old task waits for the new one.</summary>
    Call = 0,

    /// <summary>IRET with RFLAGS.NT: back to the task that waits.</summary>
    Iret = 1,

    /// <summary>JMP: the old task is left.</summary>
    Jump = 2,

    /// <summary>A task gate in the IDT: the old task waits.</summary>
    Gate = 3,
}
