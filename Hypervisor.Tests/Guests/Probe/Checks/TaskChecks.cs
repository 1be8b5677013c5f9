using System;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>Hardware task switches (Intel SDM vol 3 chapter 7; AMD APM vol 2 §12.3). On Intel each of them is an exit.</summary>
public static unsafe class TaskChecks
{
    private const ulong LowMemory = 0xA_0000;
    private const int TaskLimit = 0x67;
    private const ulong Available = 0x89UL << 40;
    private const ulong AvailableAbsent = 0x09UL << 40;
    private const ulong TaskGate = 0x85UL << 40;
    private const ulong InterruptGate = 0x8EUL << 40;
    private const int DebugVector = 1;
    private const int TaskVector = 10;
    private const int AbsentVector = 11;
    private const int ProtectionVector = 13;
    private const int VectorCount = 0x40;
    private const uint FirstEax = 0x2222_0000;
    private const uint EaxStep = 0x1111_0000;
    private const int StackPointer0 = 0x04;
    private const int StackSegment0 = 0x08;
    private const int PageRoot = 0x1C;
    private const int Flags = 0x24;
    private const int Eax = 0x28;
    private const int StackPointer = 0x38;
    private const int BasePointer = 0x3C;
    private const int Segments = 0x48;
    private const int Cs = 0x4C;
    private const int Ds = 0x54;
    private const int SegmentCount = 6;
    private const int Trap = 0x64;

    /// <summary>Runs it.</summary>
    public static void Run()
    {
        byte* block = ProbeMemory.Allocate(TripLayout.Pages, LowMemory);
        if (block == null)
        {
            Report.Line("tasks"u8, "no memory below 640 KiB"u8);
            return;
        }

        TaskCode code;
        Stubs.TaskCode(&code);
        Fill(block, &code);
        Stubs.Trip(block);
        ProcessorTables.ReloadTask();
        uint count = *(uint*)(block + TaskTripLayout.Count);
        for (uint i = 0; i < count && i < TaskTripLayout.RecordsLimit; i++)
        {
            uint* record = (uint*)(block + TaskTripLayout.Records + (i * TaskTripLayout.RecordSize));
            Report.Begin(Name((TaskStage)record[0]));
            Report.AppendField("nt-if-tf"u8, record[1]);
            Report.AppendField("tr"u8, record[2]);
            Report.AppendField("ts"u8, record[3]);
            Report.AppendField("eax"u8, record[4]);
            Report.AppendField("link"u8, record[5]);
            Report.AppendField("extra"u8, record[6]);
            Report.AppendField("busy"u8, record[7]);
            Report.End();
        }

        Report.Begin("tasks"u8);
        Report.AppendField("records"u8, count);
        Report.End();
    }

    private static ReadOnlySpan<byte> Name(TaskStage stage)
    {
        switch (stage)
        {
            case TaskStage.Called: return "task-call"u8;
            case TaskStage.CalledBack: return "task-call-back"u8;
            case TaskStage.Jumped: return "task-jump"u8;
            case TaskStage.JumpedBack: return "task-jump-back"u8;
            case TaskStage.Gate: return "task-gate"u8;
            case TaskStage.GateBack: return "task-gate-back"u8;
            case TaskStage.Fault: return "task-fault"u8;
            case TaskStage.FaultBack: return "task-fault-back"u8;
            case TaskStage.Absent: return "task-absent"u8;
            case TaskStage.AbsentBack: return "task-absent-back"u8;
            case TaskStage.BadSegment: return "task-bad-segment"u8;
            case TaskStage.BadSegmentBack: return "task-bad-segment-back"u8;
            case TaskStage.Trap: return "task-trap"u8;
            case TaskStage.Trapped: return "task-trapped"u8;
            case TaskStage.TrappedBack: return "task-trapped-back"u8;
            default: return "task-?"u8;
        }
    }

    private static void Fill(byte* block, TaskCode* code)
    {
        ModeChecks.FillCommon(block, TaskTripLayout.GdtSize);
        ModeChecks.Copy(block + TripLayout.Code32, code->Begin, TaskTripLayout.CodeSize);
        ModeChecks.SetTable(block + TaskTripLayout.Idtr, (VectorCount * sizeof(ulong)) - 1, (uint)block + TaskTripLayout.Idt);
        for (TaskName task = TaskName.Main; task <= TaskName.Trapped; task++)
        {
            FillTask(block, task, At(block, code, Entry(code, task)));
        }

        *(ushort*)(State(block, TaskName.BadSegment) + Ds) = TaskTripLayout.NoSelector;
        *(ushort*)(State(block, TaskName.Trapped) + Trap) = 1;
        ulong* idt = (ulong*)(block + TaskTripLayout.Idt);
        idt[TaskTripLayout.GateVector] = TaskGate | ((ulong)TaskTripLayout.Selector(TaskName.Gate) << 16);
        idt[ProtectionVector] = TaskGate | ((ulong)TaskTripLayout.Selector(TaskName.Fault) << 16);
        idt[DebugVector] = Handler(At(block, code, code->TrapHandler));
        idt[TaskVector] = Handler(At(block, code, code->BadSegmentHandler));
        idt[AbsentVector] = Handler(At(block, code, code->AbsentHandler));
    }

    private static byte* Entry(TaskCode* code, TaskName task)
    {
        switch (task)
        {
            case TaskName.Called: return code->Called;
            case TaskName.Jumped: return code->Jumped;
            case TaskName.Gate: return code->Gate;
            case TaskName.Fault: return code->Fault;
            default: return code->Trapped;
        }
    }

    private static void FillTask(byte* block, TaskName task, uint entry)
    {
        byte* state = State(block, task);
        uint stack = (uint)block + TaskTripLayout.Stacks + ((uint)task * TaskTripLayout.StackSize);
        *(uint*)(state + StackPointer0) = stack;
        *(ushort*)(state + StackSegment0) = TripLayout.Data32Selector;
        *(uint*)(state + PageRoot) = *(uint*)(block + TripLayout.LegacyCr3);
        *(uint*)(state + TaskTripLayout.Eip) = entry;
        *(uint*)(state + Flags) = 2;
        *(uint*)(state + Eax) = FirstEax + ((uint)task * EaxStep);
        *(uint*)(state + StackPointer) = stack;
        *(uint*)(state + BasePointer) = (uint)block;
        for (int i = 0; i < SegmentCount; i++)
        {
            *(ushort*)(state + Segments + (i * sizeof(uint))) = TripLayout.Data32Selector;
        }

        *(ushort*)(state + Cs) = TripLayout.Code32Selector;
        ulong address = (ulong)state;
        ushort selector = TaskTripLayout.Selector(task);
        *(ulong*)(block + TripLayout.Gdt + selector) =
            TaskLimit | ((address & 0xFF_FFFF) << 16) | ((address >> 24 & 0xFF) << 56) | (task == TaskName.Absent ? AvailableAbsent : Available);
        ModeChecks.SetFar(block + TaskTripLayout.Far(task), 0, selector);
    }

    private static byte* State(byte* block, TaskName task) => block + TaskTripLayout.TaskStates + ((int)task * TaskTripLayout.TaskStride);

    private static uint At(byte* block, TaskCode* code, byte* part) => (uint)(block + TripLayout.Code32 + (part - code->Begin));

    private static ulong Handler(uint address) =>
        (address & 0xFFFF) | ((ulong)TripLayout.Code32Selector << 16) | InterruptGate | ((ulong)(address >> 16) << 48);
}
