using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.TaskSwitch;

/// <summary>What a task-state segment holds of a task.</summary>
/// <remarks>Intel SDM vol 3 §7.2.1 and §7.6.</remarks>
internal unsafe struct TaskImage
{
    internal const int SegmentCount = 6;

    // Upper halves of the registers of a 16-bit task: processors set them, the manual is silent.
    private const uint NarrowUpperHalf = 0xFFFF_0000;
    private const ulong Low32 = 0xFFFF_FFFF;

    internal uint Cr3;
    internal uint InstructionPointer;
    internal uint Flags;
    internal fixed uint General[TaskLayout.GeneralCount];
    internal fixed ushort Segments[SegmentCount];
    internal ushort LocalTable;
    internal bool Trap;

    /// <summary>Reads the state of a task that is entered. Every byte can be reached.</summary>
    internal static void Read(TaskImage* image, in GuestLinearMemory memory, ulong start, TaskLayout layout)
    {
        *image = default;
        image->InstructionPointer = ReadField(memory, start, layout.InstructionPointer, layout.RegisterSize);
        image->Flags = ReadField(memory, start, layout.Flags, layout.RegisterSize);
        for (int i = 0; i < TaskLayout.GeneralCount; i++)
        {
            image->General[i] = ReadField(memory, start, layout.General(i), layout.RegisterSize) | (layout.IsWide ? 0 : NarrowUpperHalf);
        }

        for (int i = 0; i < layout.SegmentCount; i++)
        {
            image->Segments[i] = (ushort)ReadField(memory, start, layout.Segment(i), TaskLayout.SelectorSize);
        }

        image->LocalTable = (ushort)ReadField(memory, start, layout.LocalTable, TaskLayout.SelectorSize);
        if (layout.IsWide)
        {
            image->Cr3 = ReadField(memory, start, TaskLayout.Cr3, sizeof(uint));
            image->Trap = (ReadField(memory, start, TaskLayout.Trap, sizeof(ushort)) & 1) != 0;
        }
    }

    /// <summary>Writes the state of a task that is left: not CR3 and LDTR, which never change behind its back.</summary>
    internal static void Save(TaskState* state, RFlags flags, in GuestLinearMemory memory, ulong start, TaskLayout layout)
    {
        WriteField(memory, start, layout.InstructionPointer, layout.RegisterSize, state->Rip);
        WriteField(memory, start, layout.Flags, layout.RegisterSize, flags.Value);
        ulong* general = (ulong*)&state->Registers;
        for (int i = 0; i < TaskLayout.GeneralCount; i++)
        {
            WriteField(memory, start, layout.General(i), layout.RegisterSize, general[i]);
        }

        for (int i = 0; i < layout.SegmentCount; i++)
        {
            WriteField(memory, start, layout.Segment(i), TaskLayout.SelectorSize, TaskState.Segment(state, (SegmentName)i)->Selector.Value);
        }
    }

    /// <summary>Loads the registers that need no descriptor.</summary>
    internal static void LoadRegisters(TaskImage* image, TaskState* state, bool nested)
    {
        RFlags flags = new RFlags(image->Flags).WithFixedBits;
        state->RFlags = nested ? flags.WithNestedTask(true) : flags;
        state->Rip = image->InstructionPointer;
        ulong* general = (ulong*)&state->Registers;
        for (int i = 0; i < TaskLayout.GeneralCount; i++)
        {
            general[i] = image->General[i];
        }
    }

    private static uint ReadField(in GuestLinearMemory memory, ulong start, int offset, int size) =>
        (uint)memory.Read((start + (ulong)offset) & Low32, size, PageAccess.SystemRead);

    private static void WriteField(in GuestLinearMemory memory, ulong start, int offset, int size, ulong value) =>
        memory.Write((start + (ulong)offset) & Low32, size, value, PageAccess.SystemWrite);
}
