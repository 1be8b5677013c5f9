using System;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.TaskSwitch;

namespace Hypervisor.Tests.Models;

/// <summary>A processor in 32-bit protected mode that runs one task and knows of another, with its tables in memory of the test process.</summary>
internal sealed unsafe class TaskSwitchModel : IDisposable
{
    internal const ulong Gdt = 0x1000;
    internal const ulong Ldt = 0x1800;
    internal const ulong OldTask = 0x2000;
    internal const ulong NewTask = 0x3000;
    internal const ulong NarrowTask = 0x3800;
    internal const ulong Hidden = 0x80_0000;
    internal const ulong HiddenSize = 0x1_0000;
    internal const uint NewStack = 0x5000;
    internal const ulong PageDirectory = 0x10_0000;

    internal const ushort Code = 0x08;
    internal const ushort Data = 0x10;
    internal const ushort UserCode = 0x1B;
    internal const ushort UserData = 0x23;
    internal const ushort OldSelector = 0x28;
    internal const ushort NewSelector = 0x30;
    internal const ushort NarrowSelector = 0x38;
    internal const ushort LocalTable = 0x40;
    internal const ushort AbsentData = 0x48;
    internal const ushort ConformingCode = 0x50;
    internal const ushort ExecuteOnly = 0x58;
    internal const ushort ReadOnlyData = 0x60;
    internal const ushort AbsentCode = 0x68;
    internal const ushort FreshData = 0x70;
    internal const ushort NarrowStack = 0x78;
    internal const ushort GrowsDown = 0x80;
    internal const ushort LocalData = 0x0C;

    private const ushort GdtLimit = 0x87;
    private readonly NativeRegion _memory = new(0x1_0001_0000);

    internal TaskSwitchModel()
    {
        AddressSpace.GuestWindow = _memory.Base;
        Instructions.Processor = new SimulatedProcessor(0, CpuidTable.Tcg());
        State = (TaskState*)NativeMemory.AllocZeroed((nuint)sizeof(TaskState));
        WriteTables();
        FillState();
        WriteNewTask();
    }

    internal TaskState* State { get; }

    internal SimulatedProcessor Processor => (SimulatedProcessor)Instructions.Processor!;

    internal byte* At(ulong physical) => (byte*)(_memory.Base + physical);

    internal uint Word(ulong physical) => *(uint*)At(physical);

    internal ushort Half(ulong physical) => *(ushort*)At(physical);

    internal void Set(ulong physical, uint value) => *(uint*)At(physical) = value;

    internal void SetHalf(ulong physical, ushort value) => *(ushort*)At(physical) = value;

    /// <summary>Type byte of a descriptor in the GDT.</summary>
    internal byte TypeOf(ushort selector) => *At(Gdt + (ulong)(selector & ~7) + 5);

    internal void SetType(ushort selector, byte type) => *At(Gdt + (ulong)(selector & ~7) + 5) = type;

    internal void SetLimit(ushort selector, ushort limit) => SetHalf(Gdt + (ulong)(selector & ~7), limit);

    internal void SetDescriptor(ulong table, ushort selector, uint start, uint limit, byte type, byte flags) =>
        *(ulong*)At(table + (ulong)(selector & ~7)) = (limit & 0xFFFF) | ((ulong)(start & 0xFF_FFFF) << 16) | ((ulong)type << 40)
            | ((ulong)(limit >> 16 & 0xF) << 48) | ((ulong)flags << 52) | ((ulong)(start >> 24) << 56);

    internal TaskSwitchResult Run(
        TaskSwitchSource source, ushort selector = NewSelector, bool external = false, uint? errorCode = null) =>
        TaskSwitchEmulation.Run(State, new TaskSwitchRequest
        {
            Selector = new SegmentSelector(selector),
            Source = source,
            IsExternal = external,
            HasErrorCode = errorCode is not null,
            ErrorCode = errorCode ?? 0,
        });

    /// <summary>Makes the new task the one that waits for the running one.</summary>
    internal void MakeNewTaskWait()
    {
        SetType(NewSelector, 0x8B);
        SetType(NarrowSelector, 0x83);
        State->RFlags = State->RFlags.WithNestedTask(true);
    }

    /// <summary>Makes the running task a 16-bit one, in the same place.</summary>
    internal void MakeOldTaskNarrow()
    {
        SetType(OldSelector, 0x83);
        SetLimit(OldSelector, 0x2B);
        State->Tr = Segment(OldSelector, OldTask, 0x2B, 0x83);
    }

    /// <summary>32-bit paging that maps the first 8 MiB to themselves; the page tables stand behind the directory.</summary>
    internal void EnablePaging()
    {
        for (uint i = 0; i < 2; i++)
        {
            Set(PageDirectory + (i * 4), (uint)PageDirectory + 0x1000 + (i * 0x1000) + 3);
            for (uint j = 0; j < 1024; j++)
            {
                Set(PageEntry(((i * 1024) + j) << 12), (((i * 1024) + j) << 12) | 3);
            }
        }

        State->Cr0 = new Cr0(0x8001_0011);
        State->Cr3 = new Cr3(PageDirectory);
        Set(NewTask + 0x1C, (uint)PageDirectory);
    }

    /// <summary>Address of the entry that maps a page.</summary>
    internal static ulong PageEntry(ulong linear) => PageDirectory + 0x1000 + ((linear >> 12) * 4);

    /// <summary>A copy of all memory, to see what has changed.</summary>
    internal byte[] Snapshot() => new ReadOnlySpan<byte>(At(0), 0x20_0000).ToArray();

    internal static SegmentState Segment(ushort selector, ulong start, uint limit, ushort attributes) =>
        new(new SegmentSelector(selector), start, limit, new SegmentAttributes(attributes));

    public void Dispose()
    {
        NativeMemory.Free(State);
        Instructions.Processor = null;
        AddressSpace.GuestWindow = 0;
        _memory.Dispose();
    }

    private void WriteTables()
    {
        SetDescriptor(Gdt, Code, 0, 0xF_FFFF, 0x9B, 0xC);
        SetDescriptor(Gdt, Data, 0, 0xF_FFFF, 0x93, 0xC);
        SetDescriptor(Gdt, UserCode, 0, 0xF_FFFF, 0xFB, 0xC);
        SetDescriptor(Gdt, UserData, 0, 0xF_FFFF, 0xF3, 0xC);
        SetDescriptor(Gdt, OldSelector, (uint)OldTask, 0x67, 0x8B, 0);
        SetDescriptor(Gdt, NewSelector, (uint)NewTask, 0x67, 0x89, 0);
        SetDescriptor(Gdt, NarrowSelector, (uint)NarrowTask, 0x2B, 0x81, 0);
        SetDescriptor(Gdt, LocalTable, (uint)Ldt, 0x1F, 0x82, 0);
        SetDescriptor(Gdt, AbsentData, 0, 0xF_FFFF, 0x13, 0xC);
        SetDescriptor(Gdt, ConformingCode, 0, 0xF_FFFF, 0x9F, 0xC);
        SetDescriptor(Gdt, ExecuteOnly, 0, 0xF_FFFF, 0x99, 0xC);
        SetDescriptor(Gdt, ReadOnlyData, 0, 0xF_FFFF, 0x91, 0xC);
        SetDescriptor(Gdt, AbsentCode, 0, 0xF_FFFF, 0x1B, 0xC);
        SetDescriptor(Gdt, FreshData, 0x1234_0000, 0x1FFF, 0x92, 0x4);
        SetDescriptor(Gdt, NarrowStack, 0x4_0000, 0x4FFF, 0x93, 0);
        SetDescriptor(Gdt, GrowsDown, 0, 0xF, 0x97, 0xC);
        SetDescriptor(Ldt, LocalData, 0x4000, 0xFFF, 0xF3, 0x4);
    }

    private void FillState()
    {
        State->Registers = new GuestRegisters { Rax = 0xA1, Rcx = 0xC1, Rdx = 0xD1, Rbx = 0xB1, Rsp = 0x4000, Rbp = 0xBB01, Rsi = 0x51, Rdi = 0xFFFF_00D1 };
        State->Rip = 0x12_3456;
        State->RFlags = new RFlags(0x246);
        State->Cr0 = new Cr0(0x11);
        State->Dr7 = 0x7FF;
        State->Gdtr = new DescriptorTableState(Gdt, GdtLimit);
        State->Cs = Segment(Code, 0, 0xFFFF_FFFF, 0xC9B);
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
        {
            *TaskState.Segment(State, name) = name == SegmentName.Cs ? State->Cs : Segment(Data, 0, 0xFFFF_FFFF, 0xC93);
        }

        State->Ldtr = Segment(0, 0, 0, 0);
        State->Tr = Segment(OldSelector, OldTask, 0x67, 0x8B);
        State->PhysicalAddressBits = 36;
        State->HiddenBase = Hidden;
        State->HiddenSize = HiddenSize;
    }

    private void WriteNewTask()
    {
        Set(NewTask + 0x20, 0x65_4321);
        Set(NewTask + 0x24, 0x0000_0202);
        for (uint i = 0; i < 8; i++)
        {
            Set(NewTask + 0x28 + (i * 4), 0x1111_0000 * (i + 1));
            SetHalf(NarrowTask + 0x12 + (i * 2), (ushort)(0x1111 * (i + 1)));
        }

        Set(NewTask + 0x38, NewStack);
        SetHalf(NarrowTask + 0x0E, 0x4321);
        SetHalf(NarrowTask + 0x10, 0x0202);
        SetHalf(NarrowTask + 0x1A, (ushort)NewStack);
        ushort[] segments = [Data, Code, Data, Data, Data, Data];
        for (uint i = 0; i < 6; i++)
        {
            Set(NewTask + 0x48 + (i * 4), segments[i]);
        }

        for (uint i = 0; i < 4; i++)
        {
            SetHalf(NarrowTask + 0x22 + (i * 2), segments[i]);
        }

        Set(NewTask + 0x60, LocalTable);
        SetHalf(NarrowTask + 0x2A, LocalTable);
    }
}
