using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>
/// Segment registers of the task that is entered. First all selectors are there and nothing is loaded; then one register after the other gets its descriptor, until
/// a check fails: that exception is the new task's (Intel SDM vol 3 §7.3, table 7-1).
/// </summary>
internal static unsafe class TaskSegments
{
    private const int Virtual8086BaseShift = 4;
    private const uint Virtual8086Limit = 0xFFFF;
    private const ushort Virtual8086Attributes = 0xF3; // present, DPL 3, read/write data, accessed
    private const int LeastPrivilege = 3;
    private const int PrivilegeShift = 5;
    private const uint ProvisionalLimit = 0xFFFF;
    private const ushort ProvisionalCode = 0x9B; // present, code, readable, accessed

    /// <summary>Puts the selectors in place; in virtual-8086 mode nothing else is needed.</summary>
    internal static void LoadSelectors(TaskState* state, TaskImage* image)
    {
        state->Ldtr = Empty(image->LocalTable);
        for (int i = 0; i < TaskImage.SegmentCount; i++)
        {
            ushort selector = image->Segments[i];
            *TaskState.Segment(state, (SegmentName)i) = state->RFlags.Virtual8086
                ? new SegmentState(
                    new SegmentSelector(selector), (ulong)selector << Virtual8086BaseShift, Virtual8086Limit, new SegmentAttributes(Virtual8086Attributes))
                : Empty(selector);
        }
    }

    /// <summary>Loads LDTR, and outside virtual-8086 mode SS, DS, ES, FS, GS and CS.</summary>
    internal static TaskFault LoadDescriptors(TaskState* state, bool external)
    {
        TaskFault fault = LoadLocalTable(state, external);
        if (fault.Exists || state->RFlags.Virtual8086)
        {
            return fault;
        }

        int privilege = state->Cs.Selector.RequestedPrivilege;
        fault = LoadStack(state, privilege, external);
        fault = fault.Exists ? fault : LoadData(state, SegmentName.Ds, privilege, external);
        fault = fault.Exists ? fault : LoadData(state, SegmentName.Es, privilege, external);
        fault = fault.Exists ? fault : LoadData(state, SegmentName.Fs, privilege, external);
        fault = fault.Exists ? fault : LoadData(state, SegmentName.Gs, privilege, external);
        return fault.Exists ? fault : LoadCode(state, external);
    }

    /// <summary>
    /// Makes the segments of a task that faulted while they were loaded fit to deliver the exception. Without a stack the privilege is 3, so that the handler's stack
    /// comes from the task-state segment. No instruction is ever fetched from a code segment that was not loaded: any will do.
    /// </summary>
    internal static void CompleteAfterFault(TaskState* state)
    {
        if (!state->Ss.Attributes.Present)
        {
            state->Ss = new SegmentState(state->Ss.Selector, 0, 0, new SegmentAttributes(LeastPrivilege << PrivilegeShift));
        }

        if (!state->Cs.Attributes.Present)
        {
            int privilege = state->Ss.Attributes.Privilege;
            SegmentAttributes code = new((ushort)(ProvisionalCode | (privilege << PrivilegeShift)));
            state->Cs = new SegmentState(state->Cs.Selector, 0, ProvisionalLimit, code);
        }
    }

    private static SegmentState Empty(ushort selector) => new(new SegmentSelector(selector), 0, 0, default);

    private static TaskFault LoadLocalTable(TaskState* state, bool external)
    {
        SegmentSelector selector = state->Ldtr.Selector;
        if (selector.IsLocal)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, selector, external);
        }

        if (selector.IsNull)
        {
            return TaskFault.None;
        }

        TaskFault fault = DescriptorFetch.Read(state, selector, ExceptionVector.InvalidTaskState, external, out SegmentDescriptor descriptor);
        if (fault.Exists)
        {
            return fault;
        }

        if (!descriptor.Attributes.IsLocalTable || !descriptor.Attributes.Present)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, selector, external);
        }

        state->Ldtr = descriptor.Load(selector);
        return TaskFault.None;
    }

    private static TaskFault LoadStack(TaskState* state, int privilege, bool external)
    {
        SegmentSelector selector = state->Ss.Selector;
        TaskFault fault = Fetch(state, selector, external, out SegmentDescriptor descriptor);
        if (fault.Exists)
        {
            return fault;
        }

        SegmentAttributes attributes = descriptor.Attributes;
        if (!attributes.IsWritableData)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, selector, external);
        }

        if (!attributes.Present)
        {
            return TaskFault.At(ExceptionVector.StackFault, selector, external);
        }

        return attributes.Privilege != privilege || attributes.Privilege != selector.RequestedPrivilege
            ? TaskFault.At(ExceptionVector.InvalidTaskState, selector, external)
            : Take(state, SegmentName.Ss, descriptor);
    }

    private static TaskFault LoadData(TaskState* state, SegmentName name, int privilege, bool external)
    {
        SegmentSelector selector = TaskState.Segment(state, name)->Selector;
        if (selector.IsNull)
        {
            return TaskFault.None;
        }

        TaskFault fault = Fetch(state, selector, external, out SegmentDescriptor descriptor);
        if (fault.Exists)
        {
            return fault;
        }

        SegmentAttributes attributes = descriptor.Attributes;
        bool allowed = attributes.IsConforming || (attributes.Privilege >= privilege && attributes.Privilege >= selector.RequestedPrivilege);
        if (!attributes.IsReadable || !allowed)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, selector, external);
        }

        return attributes.Present ? Take(state, name, descriptor) : TaskFault.At(ExceptionVector.SegmentNotPresent, selector, external);
    }

    private static TaskFault LoadCode(TaskState* state, bool external)
    {
        SegmentSelector selector = state->Cs.Selector;
        TaskFault fault = Fetch(state, selector, external, out SegmentDescriptor descriptor);
        if (fault.Exists)
        {
            return fault;
        }

        SegmentAttributes attributes = descriptor.Attributes;
        int privilege = selector.RequestedPrivilege;
        bool allowed = attributes.IsConforming ? attributes.Privilege <= privilege : attributes.Privilege == privilege;
        if (!attributes.IsCode || !allowed)
        {
            return TaskFault.At(ExceptionVector.InvalidTaskState, selector, external);
        }

        return attributes.Present ? Take(state, SegmentName.Cs, descriptor) : TaskFault.At(ExceptionVector.SegmentNotPresent, selector, external);
    }

    /// <summary>A descriptor that must be there: a null selector will not do.</summary>
    private static TaskFault Fetch(TaskState* state, SegmentSelector selector, bool external, out SegmentDescriptor descriptor)
    {
        descriptor = default;
        return selector.IsNull
            ? TaskFault.At(ExceptionVector.InvalidTaskState, selector, external)
            : DescriptorFetch.Read(state, selector, ExceptionVector.InvalidTaskState, external, out descriptor);
    }

    /// <summary>Loads a register, and notes in the descriptor that it was.</summary>
    private static TaskFault Take(TaskState* state, SegmentName name, SegmentDescriptor descriptor)
    {
        SegmentState* register = TaskState.Segment(state, name);
        SegmentSelector selector = register->Selector;
        if (!descriptor.Attributes.Accessed)
        {
            TaskFault fault = DescriptorFetch.CanWriteType(state, selector);
            if (fault.Exists)
            {
                return fault;
            }

            DescriptorFetch.WriteType(state, selector, descriptor.Attributes.AsAccessed);
        }

        *register = new SegmentState(selector, descriptor.Base, descriptor.Limit, descriptor.Attributes.AsAccessed);
        return TaskFault.None;
    }
}
