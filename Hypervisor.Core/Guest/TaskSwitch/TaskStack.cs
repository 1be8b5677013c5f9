using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>The error code of an exception that came through a task gate, pushed onto the new task's stack (Intel SDM vol 3 §6.14.2 and §7.3).</summary>
internal static unsafe class TaskStack
{
    private const int UserPrivilege = 3;
    private const int ExpandDownBit = 4;
    private const ulong Low16 = 0xFFFF;
    private const ulong Low32 = 0xFFFF_FFFF;

    /// <summary>Pushes the error code: as wide as the new task.</summary>
    internal static TaskFault Push(TaskState* state, uint errorCode, int size, bool external)
    {
        SegmentState stack = state->Ss;
        bool isWide = stack.Attributes.DefaultBig;
        ulong mask = isWide ? Low32 : Low16;
        ulong top = (state->Registers.Rsp - (ulong)size) & mask;
        if (!IsInside(stack, top, size))
        {
            return TaskFault.At(ExceptionVector.StackFault, default, external);
        }

        PageAccess access = stack.Attributes.Privilege == UserPrivilege ? PageAccess.Write : PageAccess.SystemWrite;
        ulong linear = (stack.Base + top) & Low32;
        GuestLinearMemory memory = state->Memory;
        if (!memory.CanReach(linear, (uint)size, access, out GuestPageFault fault))
        {
            return TaskFault.Page(fault);
        }

        memory.Write(linear, size, errorCode, access);
        state->Registers.Rsp = (state->Registers.Rsp & Low32 & ~mask) | top;
        return TaskFault.None;
    }

    /// <summary>Whether the bytes lie within the segment (Intel SDM vol 3 §5.3): below its limit, or above it where it grows down.</summary>
    private static bool IsInside(SegmentState stack, ulong first, int size)
    {
        ulong last = first + (ulong)size - 1;
        ulong end = stack.Attributes.DefaultBig ? Low32 : Low16;
        return (stack.Attributes.Type & ExpandDownBit) != 0 ? first > stack.Limit && last <= end : last <= stack.Limit;
    }
}
