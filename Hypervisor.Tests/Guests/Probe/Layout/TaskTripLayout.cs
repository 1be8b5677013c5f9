namespace Hypervisor.Guests.Probe.Layout;

/// <summary>
/// The block in which hardware task switches are tried: that of <see cref="TripLayout"/>, with tasks in place of the 16-bit part and of PAE paging.
/// </summary>
public static class TaskTripLayout
{
    /// <summary>Number of tasks, as in <see cref="TaskName"/>.</summary>
    public const int Tasks = 8;

    /// <summary>Pseudo-descriptor of the interrupt table.</summary>
    public const int Idtr = 0xC0;

    /// <summary>Records so far.</summary>
    public const int Count = 0xC8;

    /// <summary>What the next record shows besides: an error code, or DR6.BT.</summary>
    public const int Extra = 0xCC;

    /// <summary>Bytes of the instruction that is about to fault.</summary>
    public const int Skip = 0xD0;

    /// <summary>Far pointers to the tasks, eight bytes each.</summary>
    public const int FarPointers = 0x100;

    /// <summary>Room for the 32-bit code.</summary>
    public const int CodeSize = 0x1000 - TripLayout.Code32;

    /// <summary>Records, 32 bytes each.</summary>
    public const int Records = 0x2000;

    /// <summary>Most records.</summary>
    public const int RecordsLimit = 64;

    /// <summary>Bytes of a record.</summary>
    public const int RecordSize = 0x20;

    /// <summary>Tops of the tasks' stacks: the first, and bytes from one to the next.</summary>
    public const int Stacks = 0x3100;

    /// <summary>Bytes of a task's stack.</summary>
    public const int StackSize = 0x100;

    /// <summary>Interrupt table.</summary>
    public const int Idt = 0x4000;

    /// <summary>Task-state segments.</summary>
    public const int TaskStates = 0x4800;

    /// <summary>Bytes from one task-state segment to the next.</summary>
    public const int TaskStride = 0x80;

    /// <summary>EIP in a task-state segment.</summary>
    public const int Eip = 0x20;

    /// <summary>Selector of the first task.</summary>
    public const ushort FirstTask = 0x30;

    /// <summary>Bytes of the descriptor table: what lies behind is no descriptor.</summary>
    public const int GdtSize = FirstTask + (Tasks * sizeof(ulong));

    /// <summary>A selector behind the table.</summary>
    public const ushort NoSelector = 0x78;

    /// <summary>Vector of the task gate that INT n goes through.</summary>
    public const int GateVector = 0x30;

    /// <summary>Selector of a task.</summary>
    public static ushort Selector(TaskName task) => (ushort)(FirstTask + ((int)task * sizeof(ulong)));

    /// <summary>Far pointer to a task.</summary>
    public static int Far(TaskName task) => FarPointers + ((int)task * sizeof(ulong));
}
