using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>
/// Hardware task switches in 32-bit protected mode with paging: CALL, IRET, JMP, task gates, and faults on the way (Intel SDM vol 3 §7.3). It replaces the 32-bit
/// part of the round trip; EBP points to the block in every task.
/// </summary>
internal static class TaskStubs
{
    private const int FarPointerInstruction = 6;
    private const int SegmentLoadInstruction = 2;
    private const int NestedTaskFlag = 0x4000;
    private const int RecordedFlags = 0x4300; // NT, IF, TF
    private const int TaskSwitchedFlag = 8;
    private const int DebugTaskSwitch = 0x8000;
    private const int BusyBit = 9; // of a descriptor's upper half
    private const int RecordShift = 5;
    private const int TaskStrideShift = 4;

    internal static void Write(StubWriter writer)
    {
        writer.Add("probe_Tasks", 32, a => WriteTasks(writer, a));
        writer.Add("probe_TaskCode", a =>
        {
            // void TaskCode(ulong* addresses)
            string[] symbols =
            [
                "probe_Tasks", "probe_TaskCalled", "probe_TaskJumped", "probe_TaskGate", "probe_TaskFault", "probe_TaskTrapped", "probe_TaskAbsentHandler",
                "probe_TaskBadSegmentHandler", "probe_TaskTrapHandler",
            ];
            for (int i = 0; i < symbols.Length; i++)
            {
                writer.LoadAddress(a, symbols[i]);
                a.mov(__qword_ptr[rcx + (i * 8)], rax);
            }

            a.ret();
        });
    }

    private static void WriteTasks(StubWriter writer, Assembler a)
    {
        Label record = a.CreateLabel();
        TripStubs.EnterLegacyPaging(a);
        a.lidt(__[ebp + TaskTripLayout.Idtr]);
        a.mov(eax, TaskTripLayout.Selector(TaskName.Main));
        a.ltr(ax);
        a.mov(eax, 0x1111_1111);

        FarCall(a, TaskName.Called);
        Record(a, record, TaskStage.CalledBack);
        FarCall(a, TaskName.Called);
        Record(a, record, TaskStage.CalledBack);
        FarJump(a, TaskName.Jumped);
        Record(a, record, TaskStage.JumpedBack);
        a.@int(TaskTripLayout.GateVector);
        Record(a, record, TaskStage.GateBack);

        a.mov(__dword_ptr[ebp + TaskTripLayout.Skip], SegmentLoadInstruction);
        a.mov(ecx, TaskTripLayout.NoSelector);
        a.mov(gs, ecx);
        Record(a, record, TaskStage.FaultBack);
        a.mov(__dword_ptr[ebp + TaskTripLayout.Skip], FarPointerInstruction);
        FarCall(a, TaskName.Main); // busy
        Record(a, record, TaskStage.FaultBack);
        FarJump(a, TaskName.Main);
        Record(a, record, TaskStage.FaultBack);
        FarCall(a, TaskName.Absent);
        Record(a, record, TaskStage.AbsentBack);
        FarCall(a, TaskName.BadSegment);
        Record(a, record, TaskStage.BadSegmentBack);
        FarCall(a, TaskName.Trapped);
        Record(a, record, TaskStage.TrappedBack);
        TripStubs.LeaveLegacyPaging(a);

        WriteEntries(writer, a, record);
        WriteHandlers(writer, a, record);
        WriteRecord(a, record);
    }

    private static void WriteEntries(StubWriter writer, Assembler a, Label record)
    {
        Entry(writer, a, record, "probe_TaskCalled", TaskStage.Called);
        Label jumped = a.CreateLabel();
        writer.Mark(a, "probe_TaskJumped");
        a.nop(); // an instruction takes one label
        a.Label(ref jumped);
        Record(a, record, TaskStage.Jumped);
        FarJump(a, TaskName.Main);
        a.jmp(jumped);
        Entry(writer, a, record, "probe_TaskGate", TaskStage.Gate);

        // The error code is on this task's stack; the task that faulted goes on behind the instruction.
        Label fault = a.CreateLabel();
        writer.Mark(a, "probe_TaskFault");
        a.nop();
        a.Label(ref fault);
        a.pop(__dword_ptr[ebp + TaskTripLayout.Extra]);
        Record(a, record, TaskStage.Fault);
        a.mov(eax, __dword_ptr[ebp + TaskTripLayout.Skip]);
        a.add(__dword_ptr[ebp + TaskTripLayout.TaskStates + TaskTripLayout.Eip], eax);
        a.iretd();
        a.jmp(fault);
        Entry(writer, a, record, "probe_TaskTrapped", TaskStage.Trapped);
    }

    /// <summary>A task that counts in EAX how often it was entered, and goes back.</summary>
    private static void Entry(StubWriter writer, Assembler a, Label record, string name, TaskStage stage)
    {
        Label again = a.CreateLabel();
        writer.Mark(a, name);
        a.nop();
        a.Label(ref again);
        Record(a, record, stage);
        a.inc(eax);
        a.iretd();
        a.jmp(again);
    }

    private static void WriteHandlers(StubWriter writer, Assembler a, Label record)
    {
        writer.Mark(a, "probe_TaskAbsentHandler");
        a.pop(__dword_ptr[ebp + TaskTripLayout.Extra]);
        Record(a, record, TaskStage.Absent);
        a.add(__dword_ptr[esp], FarPointerInstruction);
        a.iretd();

        // In the new task, whose DS holds nothing: back to the old one, as that task would go back.
        writer.Mark(a, "probe_TaskBadSegmentHandler");
        a.pop(__dword_ptr[ebp + TaskTripLayout.Extra]);
        a.mov(ecx, TripLayout.Data32Selector);
        a.mov(ds, ecx);
        Record(a, record, TaskStage.BadSegment);
        a.pushfd();
        a.or(__dword_ptr[esp], NestedTaskFlag);
        a.popfd();
        a.iretd();

        writer.Mark(a, "probe_TaskTrapHandler");
        a.mov(ecx, dr6);
        a.and(ecx, DebugTaskSwitch);
        a.mov(__dword_ptr[ebp + TaskTripLayout.Extra], ecx);
        a.mov(ecx, unchecked((int)0xFFFF_0FF0));
        a.mov(dr6, ecx);
        Record(a, record, TaskStage.Trap);
        a.iretd();
    }

    /// <summary>Notes stage (EDI), flags, TR, CR0.TS, EAX, the link of the running task, the extra word, and which tasks are busy.</summary>
    private static void WriteRecord(Assembler a, Label record)
    {
        a.Label(ref record);
        a.pushfd();
        a.push(ecx);
        a.push(edx);
        a.mov(ecx, __dword_ptr[ebp + TaskTripLayout.Count]);
        a.shl(ecx, RecordShift);
        a.lea(ecx, __[ebp + ecx + TaskTripLayout.Records]);
        a.mov(__dword_ptr[ecx], edi);
        a.mov(edx, __dword_ptr[esp + 8]);
        a.and(edx, RecordedFlags);
        a.mov(__dword_ptr[ecx + 4], edx);
        a.xor(edx, edx);
        a.str(dx);
        a.mov(__dword_ptr[ecx + 8], edx);
        a.sub(edx, TaskTripLayout.FirstTask);
        a.shl(edx, TaskStrideShift);
        a.movzx(edx, __word_ptr[ebp + edx + TaskTripLayout.TaskStates]);
        a.mov(__dword_ptr[ecx + 20], edx);
        a.mov(edx, cr0);
        a.and(edx, TaskSwitchedFlag);
        a.mov(__dword_ptr[ecx + 12], edx);
        a.mov(__dword_ptr[ecx + 16], eax);
        a.mov(edx, __dword_ptr[ebp + TaskTripLayout.Extra]);
        a.mov(__dword_ptr[ecx + 24], edx);
        a.xor(edx, edx);
        a.mov(__dword_ptr[ebp + TaskTripLayout.Extra], edx);
        for (int i = TaskTripLayout.Tasks - 1; i >= 0; i--)
        {
            a.bt(__dword_ptr[ebp + TripLayout.Gdt + TaskTripLayout.Selector((TaskName)i) + 4], BusyBit);
            a.rcl(edx, 1);
        }

        a.mov(__dword_ptr[ecx + 28], edx);
        a.inc(__dword_ptr[ebp + TaskTripLayout.Count]);
        a.clts();
        a.pop(edx);
        a.pop(ecx);
        a.popfd();
        a.ret();
    }

    private static void Record(Assembler a, Label record, TaskStage stage)
    {
        a.mov(edi, (int)stage);
        a.call(record);
    }

    private static void FarCall(Assembler a, TaskName task) => Far(a, 0x9D, task); // call far [ebp + disp32], 16:32

    private static void FarJump(Assembler a, TaskName task) => Far(a, 0xAD, task); // jmp far [ebp + disp32], 16:32

    private static void Far(Assembler a, byte modRm, TaskName task)
    {
        a.db(0xFF, modRm);
        a.dd((uint)TaskTripLayout.Far(task));
    }
}
