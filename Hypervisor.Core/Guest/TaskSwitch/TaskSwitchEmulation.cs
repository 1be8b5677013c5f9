using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>
/// A hardware task switch, done in the processor's place (Intel SDM vol 3 §7.3). The processor has checked the privileges of a CALL or JMP, and of a gate; all other
/// checks are made here. Up to the commit point nothing is written, and exceptions are the old task's; behind it they are the new task's.
/// </summary>
/// <remarks>
/// Shadow stacks are not switched: a guest that uses them together with task switches runs on with the old shadow stack. Data breakpoints in a task-state segment or
/// descriptor table are not noticed.
/// </remarks>
public static unsafe class TaskSwitchEmulation
{
    private const ulong LocalBreakpoints = 0x155; // DR7: L0 to L3 and LE (Intel SDM vol 3 §17.2.4)
    private const ulong Low32 = 0xFFFF_FFFF;

    /// <summary>Switches to another task.</summary>
    /// <param name="state">The processor; changed only where the switch is committed.</param>
    /// <param name="request">What is asked for.</param>
    public static TaskSwitchResult Run(TaskState* state, in TaskSwitchRequest request)
    {
        TaskFault fault = Prepare(state, request, out SegmentDescriptor task);
        if (fault.Exists)
        {
            return new TaskSwitchResult { Exception = fault.Exception, FaultAddress = fault.Address };
        }

        TaskLayout layout = new(task.Attributes.IsWideTask);
        TaskImage image;
        Exchange(state, request, task, layout, &image);
        Commit(state, request, task, &image);
        fault = LoadAddressSpace(state, layout, image.Cr3, request.IsExternal);
        fault = fault.Exists ? fault : TaskSegments.LoadDescriptors(state, request.IsExternal);
        if (fault.Exists)
        {
            TaskSegments.CompleteAfterFault(state);
        }
        else if (request.HasErrorCode)
        {
            fault = TaskStack.Push(state, request.ErrorCode, layout.RegisterSize, request.IsExternal);
        }

        return new TaskSwitchResult
        {
            Committed = true,
            Exception = fault.Exception,
            FaultAddress = fault.Address,
            DebugTrap = image.Trap && !fault.Exists,
        };
    }

    /// <summary>Every check that is made before anything changes, and whether all that will be touched can be.</summary>
    private static TaskFault Prepare(TaskState* state, in TaskSwitchRequest request, out SegmentDescriptor task)
    {
        TaskFault fault = FindTask(state, request, out task);
        if (fault.Exists)
        {
            return fault;
        }

        TaskLayout layout = new(task.Attributes.IsWideTask);
        TaskLayout old = OldLayout(state);
        if (task.Limit < layout.Size - 1)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, request.Selector, request.IsExternal);
        }

        if (state->Tr.Limit < (ulong)old.InstructionPointer + old.SavedSize - 1)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, state->Tr.Selector, request.IsExternal);
        }

        GuestLinearMemory memory = state->Memory;
        bool reached = memory.CanReach(task.Base, layout.Size, PageAccess.SystemRead, out GuestPageFault missing)
            && (!request.IsNested || memory.CanReach(task.Base, TaskLayout.SelectorSize, PageAccess.SystemWrite, out missing))
            && memory.CanReach(OldField(state, old.InstructionPointer), old.SavedSize, PageAccess.SystemWrite, out missing);
        if (!reached)
        {
            return TaskFault.Page(missing);
        }

        fault = request.IsNested ? TaskFault.None : DescriptorFetch.CanWriteType(state, state->Tr.Selector);
        return fault.Exists || request.Source == TaskSwitchSource.Iret ? fault : DescriptorFetch.CanWriteType(state, request.Selector);
    }

    /// <summary>The descriptor of the task to enter. IRET goes back to one that is busy; it calls everything wrong #TS, the others #GP.</summary>
    private static TaskFault FindTask(TaskState* state, in TaskSwitchRequest request, out SegmentDescriptor task)
    {
        task = default;
        bool returns = request.Source == TaskSwitchSource.Iret;
        byte wrong = returns ? ExceptionVector.InvalidTaskState : ExceptionVector.GeneralProtection;
        if (request.Selector.IsNull || request.Selector.IsLocal)
        {
            return TaskFault.At(wrong, request.Selector, request.IsExternal);
        }

        TaskFault fault = DescriptorFetch.Read(state, request.Selector, wrong, request.IsExternal, out task);
        if (fault.Exists)
        {
            return fault;
        }

        if (!task.Attributes.IsTask || task.Attributes.IsBusyTask != returns)
        {
            return TaskFault.At(wrong, request.Selector, request.IsExternal);
        }

        return task.Attributes.Present ? TaskFault.None : TaskFault.At(ExceptionVector.SegmentNotPresent, request.Selector, request.IsExternal);
    }

    /// <summary>Writes the old task's state and reads the new one's. The order matters where both are the same.</summary>
    private static void Exchange(TaskState* state, in TaskSwitchRequest request, SegmentDescriptor task, TaskLayout layout, TaskImage* image)
    {
        GuestLinearMemory memory = state->Memory;
        RFlags flags = request.Source == TaskSwitchSource.Iret ? state->RFlags.WithNestedTask(false) : state->RFlags;
        TaskImage.Save(state, flags, memory, state->Tr.Base, OldLayout(state));
        if (request.IsNested)
        {
            memory.Write(task.Base, TaskLayout.SelectorSize, state->Tr.Selector.Value, PageAccess.SystemWrite);
        }
        else
        {
            DescriptorFetch.WriteType(state, state->Tr.Selector, DescriptorFetch.ReadType(state, state->Tr.Selector).AsAvailableTask);
        }

        TaskImage.Read(image, memory, task.Base, layout);
        if (request.Source != TaskSwitchSource.Iret)
        {
            DescriptorFetch.WriteType(state, request.Selector, task.Attributes.AsBusyTask);
        }
    }

    /// <summary>From here on the processor runs the new task.</summary>
    private static void Commit(TaskState* state, in TaskSwitchRequest request, SegmentDescriptor task, TaskImage* image)
    {
        state->Tr = new SegmentState(request.Selector, task.Base, task.Limit, task.Attributes.AsBusyTask);
        state->Cr0 = state->Cr0.WithTaskSwitched(true);
        state->Dr7 &= ~LocalBreakpoints;
        TaskImage.LoadRegisters(image, state, request.IsNested);
        TaskSegments.LoadSelectors(state, image);
    }

    /// <summary>Loads CR3, which a 16-bit task does not have, and with PAE paging the four entries it names (Intel SDM vol 3 §4.4.1).</summary>
    private static TaskFault LoadAddressSpace(TaskState* state, TaskLayout layout, uint cr3, bool external)
    {
        if (!layout.IsWide || !state->Cr0.Paging)
        {
            return TaskFault.None;
        }

        state->Cr3 = new Cr3(cr3);
        if (!state->UsesPaePointers || ReadPaePointers(state))
        {
            return TaskFault.None;
        }

        // The manual does not say which exception bad entries raise here; #TS is what an emulator that was compared with processors raises.
        return TaskFault.At(ExceptionVector.InvalidTaskState, default, external);
    }

    private static bool ReadPaePointers(TaskState* state)
    {
        bool valid = true;
        for (int i = 0; i < TaskState.PaePointers; i++)
        {
            PageEntry entry = new(GuestMemory.ReadUInt64(state->Cr3.PaePointerTable + ((ulong)i * sizeof(ulong))));
            bool good = !entry.Present || entry.IsPaePointerValid(state->PhysicalAddressBits);
            state->PaePointer[i] = good ? entry.Value : 0;
            valid &= good;
        }

        return valid;
    }

    private static TaskLayout OldLayout(TaskState* state) => new(state->Tr.Attributes.IsWideTask);

    private static ulong OldField(TaskState* state, int offset) => (state->Tr.Base + (ulong)offset) & Low32;
}
