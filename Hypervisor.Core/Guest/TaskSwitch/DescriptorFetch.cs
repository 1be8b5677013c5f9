using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>Descriptors in the guest's tables: found, read, and their type byte changed.</summary>
internal static unsafe class DescriptorFetch
{
    private const ulong Low32 = 0xFFFF_FFFF;

    /// <summary>Reads the descriptor that a selector names.</summary>
    /// <param name="state">The processor.</param>
    /// <param name="selector">The selector, not null.</param>
    /// <param name="outside">Vector of the exception when the selector lies outside its table.</param>
    /// <param name="external">Whether error codes say that an event asked.</param>
    /// <param name="descriptor">The descriptor.</param>
    internal static TaskFault Read(TaskState* state, SegmentSelector selector, byte outside, bool external, out SegmentDescriptor descriptor)
    {
        descriptor = default;
        if (!IsInside(state, selector))
        {
            return TaskFault.At(outside, selector, external);
        }

        ulong address = Address(state, selector);
        GuestLinearMemory memory = state->Memory;
        if (!memory.CanReach(address, SegmentDescriptor.Size, PageAccess.SystemRead, out GuestPageFault fault))
        {
            return TaskFault.Page(fault);
        }

        descriptor = new SegmentDescriptor(memory.Read(address, SegmentDescriptor.Size, PageAccess.SystemRead));
        return TaskFault.None;
    }

    /// <summary>Whether a descriptor's type can be written.</summary>
    internal static TaskFault CanWriteType(TaskState* state, SegmentSelector selector) =>
        state->Memory.CanReach(TypeAddress(state, selector), sizeof(byte), PageAccess.SystemWrite, out GuestPageFault fault)
            ? TaskFault.None
            : TaskFault.Page(fault);

    /// <summary>Writes a descriptor's type; that it can be was found before.</summary>
    internal static void WriteType(TaskState* state, SegmentSelector selector, SegmentAttributes attributes) =>
        state->Memory.Write(TypeAddress(state, selector), sizeof(byte), attributes.TypeByte, PageAccess.SystemWrite);

    /// <summary>A descriptor's attributes as they are in memory.</summary>
    internal static SegmentAttributes ReadType(TaskState* state, SegmentSelector selector) =>
        new((ushort)state->Memory.Read(TypeAddress(state, selector), sizeof(byte), PageAccess.SystemRead));

    private static bool IsInside(TaskState* state, SegmentSelector selector)
    {
        ulong last = (ulong)selector.Offset + SegmentDescriptor.Size - 1;
        return selector.IsLocal ? state->Ldtr.Attributes.Present && last <= state->Ldtr.Limit : last <= state->Gdtr.Limit;
    }

    private static ulong Address(TaskState* state, SegmentSelector selector) =>
        ((selector.IsLocal ? state->Ldtr.Base : state->Gdtr.Base) + (ulong)selector.Offset) & Low32;

    private static ulong TypeAddress(TaskState* state, SegmentSelector selector) => (Address(state, selector) + SegmentDescriptor.TypeOffset) & Low32;
}
