using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.TaskSwitch;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;
using Xunit;
using static Hypervisor.Tests.Models.TaskSwitchModel;

namespace Hypervisor.Tests.Unit.Guest.TaskSwitch;

/// <summary>Task switches that fault: with which exception, and in which task (Intel SDM vol 3 table 7-1).</summary>
public sealed unsafe class TaskSwitchFaultTests : IDisposable
{
    private const byte NotAccessed = 0xFF & ~(int)PageFlags.Accessed;

    private readonly TaskSwitchModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(TaskSwitchSource.Call, (ushort)0, 13, 0u)]
    [InlineData(TaskSwitchSource.Iret, (ushort)0, 10, 0u)]
    [InlineData(TaskSwitchSource.Jump, (ushort)(NewSelector | 4), 13, NewSelector | 4u)]
    [InlineData(TaskSwitchSource.Iret, (ushort)(NewSelector | 7), 10, NewSelector | 4u)]
    [InlineData(TaskSwitchSource.Gate, (ushort)0x88, 13, 0x88u)]
    [InlineData(TaskSwitchSource.Iret, (ushort)0x88, 10, 0x88u)]
    [InlineData(TaskSwitchSource.Call, Data, 13, (uint)Data)]
    [InlineData(TaskSwitchSource.Iret, Code, 10, (uint)Code)]
    [InlineData(TaskSwitchSource.Jump, LocalTable, 13, (uint)LocalTable)]
    [InlineData(TaskSwitchSource.Jump, OldSelector, 13, (uint)OldSelector)] // busy
    [InlineData(TaskSwitchSource.Call, OldSelector, 13, (uint)OldSelector)]
    [InlineData(TaskSwitchSource.Iret, NewSelector, 10, (uint)NewSelector)] // not busy
    public void What_is_no_task_faults_in_the_old_task(TaskSwitchSource source, ushort selector, byte vector, uint errorCode) =>
        AssertUnchanged(_model.Run(source, selector), vector, errorCode);

    [Theory]
    [InlineData(TaskSwitchSource.Gate, 0x09, 11)]
    [InlineData(TaskSwitchSource.Iret, 0x0B, 11)]
    public void A_task_that_is_not_present_faults_in_the_old_task(TaskSwitchSource source, byte type, byte vector)
    {
        _model.SetType(NewSelector, type);
        AssertUnchanged(_model.Run(source), vector, NewSelector);
    }

    [Fact]
    public void A_task_that_is_too_short_faults_in_the_old_task()
    {
        _model.SetLimit(NewSelector, 0x66);
        AssertUnchanged(_model.Run(TaskSwitchSource.Call), 10, NewSelector);
        _model.SetLimit(NarrowSelector, 0x2A);
        AssertUnchanged(_model.Run(TaskSwitchSource.Call, NarrowSelector), 10, NarrowSelector);
        _model.State->Tr = Segment(OldSelector, OldTask, 0x5C, 0x8B);
        AssertUnchanged(_model.Run(TaskSwitchSource.Jump, NewSelector), 10, NewSelector);
    }

    [Fact]
    public void A_running_task_that_is_too_short_faults_in_itself()
    {
        _model.State->Tr = Segment(OldSelector, OldTask, 0x5C, 0x8B);
        AssertUnchanged(_model.Run(TaskSwitchSource.Call), 10, OldSelector);
        _model.State->Tr = Segment(OldSelector, OldTask, 0x5D, 0x8B);
        Assert.True(_model.Run(TaskSwitchSource.Call).Committed);
    }

    [Theory]
    [InlineData(true, 1u)]
    [InlineData(false, 0u)]
    public void Events_from_outside_are_told_apart(bool external, uint bit)
    {
        _model.SetType(NewSelector, 0x8B);
        AssertUnchanged(_model.Run(TaskSwitchSource.Gate, external: external), 13, NewSelector | bit);
        _model.SetType(NewSelector, 0x89);
        _model.SetHalf(NewTask + 0x54, AbsentData);
        TaskSwitchResult result = _model.Run(TaskSwitchSource.Gate, external: external);
        Assert.True(result.Committed);
        Assert.Equal(AbsentData | bit, result.Exception.ErrorCode);
    }

    [Theory]
    [InlineData(NewTask, false, TaskSwitchSource.Jump, 0u, NewTask)]
    [InlineData(NewTask, true, TaskSwitchSource.Call, 3u, NewTask)] // the link
    [InlineData(NewTask, true, TaskSwitchSource.Jump, null, 0ul)]
    [InlineData(OldTask, false, TaskSwitchSource.Jump, 2u, OldTask + 0x20)]
    [InlineData(OldTask, true, TaskSwitchSource.Iret, 3u, OldTask + 0x20)]
    [InlineData(Gdt, false, TaskSwitchSource.Jump, 0u, Gdt + NewSelector)]
    [InlineData(Gdt, true, TaskSwitchSource.Jump, 3u, Gdt + OldSelector + 5)] // the busy flag
    [InlineData(Gdt, true, TaskSwitchSource.Call, 3u, Gdt + NewSelector + 5)]
    public void Pages_that_cannot_be_reached_fault_in_the_old_task(ulong page, bool readOnly, TaskSwitchSource source, uint? errorCode, ulong address)
    {
        _model.EnablePaging();
        if (source == TaskSwitchSource.Iret)
        {
            _model.MakeNewTaskWait();
        }

        _model.Set(PageEntry(page), readOnly ? (uint)page | 1 : 0);
        byte[] before = _model.Snapshot();
        TaskSwitchResult result = _model.Run(source);
        if (errorCode is null)
        {
            Assert.True(result.Committed);
            return;
        }

        Assert.False(result.Committed);
        Assert.Equal(GuestEvent.Exception(ExceptionVector.PageFault, errorCode.Value).Value, result.Exception.Value);
        Assert.Equal(address, result.FaultAddress);
        AssertSameBut(before);
    }

    [Fact]
    public void A_task_across_a_page_boundary_is_looked_at_whole()
    {
        _model.EnablePaging();
        _model.SetDescriptor(Gdt, NewSelector, 0x6FD0, 0x67, 0x89, 0);
        _model.Set(PageEntry(0x7000), 0);
        AssertUnchanged(_model.Run(TaskSwitchSource.Call), 14, 0);
        Assert.Equal(0x7000ul, _model.Run(TaskSwitchSource.Call).FaultAddress);
    }

    [Theory]
    [InlineData(0x60, (ushort)(LocalTable | 4), 10)] // the LDT in the LDT
    [InlineData(0x60, (ushort)0x88, 10)]
    [InlineData(0x60, Data, 10)]
    [InlineData(0x50, (ushort)0, 10)] // SS
    [InlineData(0x50, (ushort)0x88, 10)]
    [InlineData(0x50, (ushort)0x24, 10)] // outside the LDT
    [InlineData(0x50, Code, 10)]
    [InlineData(0x50, ReadOnlyData, 10)]
    [InlineData(0x50, AbsentData, 12)]
    [InlineData(0x50, UserData, 10)]
    [InlineData(0x50, (ushort)(Data | 3), 10)]
    [InlineData(0x54, (ushort)0x88, 10)] // DS
    [InlineData(0x54, ExecuteOnly, 10)]
    [InlineData(0x54, OldSelector, 10)]
    [InlineData(0x54, (ushort)(Data | 3), 10)]
    [InlineData(0x54, AbsentData, 11)]
    [InlineData(0x48, ExecuteOnly, 10)] // ES
    [InlineData(0x58, AbsentData, 11)] // FS
    [InlineData(0x5C, AbsentCode, 11)] // GS
    [InlineData(0x4C, (ushort)0, 10)] // CS
    [InlineData(0x4C, (ushort)0x88, 10)]
    [InlineData(0x4C, Data, 10)]
    [InlineData(0x4C, AbsentCode, 11)]
    public void Segments_fault_in_the_new_task(int field, ushort selector, byte vector)
    {
        _model.SetHalf(NewTask + (ulong)field, selector);
        TaskSwitchResult result = _model.Run(TaskSwitchSource.Call);
        AssertNewTask(result, vector, selector & 0xFFFCu);
    }

    [Fact]
    public void An_LDT_that_is_not_present_faults_in_the_new_task()
    {
        _model.SetType(LocalTable, 0x02);
        AssertNewTask(_model.Run(TaskSwitchSource.Jump), 10, LocalTable);
    }

    [Theory]
    [InlineData(UserCode, Data, (ushort)0, 10, (uint)Data)] // the stack's DPL is not the new privilege
    [InlineData(Code, UserData, (ushort)0, 10, UserData & 0xFFFCu)]
    [InlineData(UserCode, UserData, Data, 10, (uint)Data)] // data of more privilege
    [InlineData((ushort)(Code | 3), UserData, (ushort)0, 10, (uint)Code)] // RPL 3, DPL 0
    [InlineData((ushort)0x18, Data, (ushort)0, 10, 0x18u)] // RPL 0, DPL 3
    public void Privileges_must_agree(ushort code, ushort stack, ushort data, byte vector, uint errorCode)
    {
        for (uint i = 0; i < 6; i++)
        {
            _model.Set(NewTask + 0x48 + (i * 4), i == 1 ? code : i == 2 ? stack : data);
        }

        AssertNewTask(_model.Run(TaskSwitchSource.Jump), vector, errorCode);
    }

    [Fact]
    public void Without_a_stack_the_handlers_comes_from_the_new_task()
    {
        _model.SetHalf(NewTask + 0x50, 0);
        AssertNewTask(_model.Run(TaskSwitchSource.Call), 10, 0);
        TaskState* s = _model.State;
        Assert.False(s->Ss.Attributes.Present);
        Assert.Equal(3, s->Ss.Attributes.Privilege);
        Assert.Equal((Code, true, 3), (s->Cs.Selector.Value, s->Cs.Attributes.IsCode, s->Cs.Attributes.Privilege));
    }

    [Fact]
    public void With_a_stack_the_privilege_is_the_new_tasks()
    {
        _model.SetHalf(NewTask + 0x5C, AbsentData);
        AssertNewTask(_model.Run(TaskSwitchSource.Call), 11, AbsentData);
        TaskState* s = _model.State;
        Assert.Equal((Data, true, 0), (s->Ss.Selector.Value, s->Ss.Attributes.Present, s->Ss.Attributes.Privilege));
        Assert.Equal((Code, true, 0), (s->Cs.Selector.Value, s->Cs.Attributes.Present, s->Cs.Attributes.Privilege));
        Assert.True(s->Fs.Attributes.Present);
        Assert.Equal((AbsentData, false), (s->Gs.Selector.Value, s->Gs.Attributes.Present));
        Assert.Equal(0x65_4321ul, s->Rip);
    }

    [Fact]
    public void A_descriptor_that_cannot_be_marked_faults_in_the_new_task()
    {
        _model.EnablePaging();

        // Two tables in one: what is marked later lies on a page that can only be read.
        _model.SetDescriptor(Gdt, LocalTable, (uint)Ldt + 0x5000, 0x1F, 0x82, 0);
        _model.SetDescriptor(Ldt + 0x5000, LocalData, 0, 0xFFFFF, 0xF2, 0xC);
        _model.Set(PageEntry(Ldt + 0x5000), 0x6001);
        _model.SetHalf(NewTask + 0x54, LocalData);
        AssertNewTask(_model.Run(TaskSwitchSource.Call), 14, 3);
    }

    [Fact]
    public void Tables_that_are_gone_fault_in_the_new_task()
    {
        _model.EnablePaging();
        _model.SetDescriptor(Gdt, LocalTable, 0x7000, 0x1F, 0x82, 0);
        _model.Set(PageEntry(0x7000), 0);
        _model.SetHalf(NewTask + 0x54, LocalData);
        TaskSwitchResult result = _model.Run(TaskSwitchSource.Call);
        AssertNewTask(result, 14, 0);
        Assert.Equal(0x7008ul, result.FaultAddress);
    }

    [Theory]
    [InlineData(2u, 12)] // wraps around
    [InlineData(0x1_2000u, 12)]
    public void An_error_code_must_fit_the_stack(uint top, byte vector)
    {
        _model.SetDescriptor(Gdt, NarrowStack, 0, 0xFFF, 0x93, 0x4);
        _model.SetHalf(NewTask + 0x50, NarrowStack);
        _model.Set(NewTask + 0x38, top);
        AssertNewTask(_model.Run(TaskSwitchSource.Gate, external: true, errorCode: 0), vector, 1);
    }

    [Fact]
    public void A_stack_that_grows_down_ends_at_its_limit()
    {
        _model.SetHalf(NewTask + 0x50, GrowsDown);
        _model.Set(NewTask + 0x38, 0x1_0003);
        AssertNewTask(_model.Run(TaskSwitchSource.Gate, external: true, errorCode: 0), 12, 1);
    }

    [Theory]
    [InlineData(false, 2u)]
    [InlineData(true, 6u)]
    public void An_error_code_needs_a_page(bool user, uint errorCode)
    {
        _model.EnablePaging();
        _model.Set(PageEntry(0x4000), 0);
        if (user)
        {
            for (uint i = 0; i < 6; i++)
            {
                _model.Set(NewTask + 0x48 + (i * 4), i == 1 ? UserCode : UserData);
            }
        }

        TaskSwitchResult result = _model.Run(TaskSwitchSource.Gate, external: true, errorCode: 5);
        AssertNewTask(result, 14, errorCode);
        Assert.Equal(0x4FFCul, result.FaultAddress);
        Assert.Equal((ulong)NewStack, _model.State->Registers.Rsp);
    }

    [Fact]
    public void An_exception_comes_before_the_debug_trap()
    {
        _model.Set(NewTask + 0x64, 1);
        _model.SetHalf(NewTask + 0x54, AbsentData);
        Assert.False(_model.Run(TaskSwitchSource.Jump).DebugTrap);
    }

    [Fact]
    public void Virtual_8086_mode_faults_over_its_LDT_only()
    {
        _model.Set(NewTask + 0x24, 0x2_0202);
        _model.SetHalf(NewTask + 0x60, Data);
        AssertNewTask(_model.Run(TaskSwitchSource.Jump), 10, Data);
        Assert.Equal(0xF3, _model.State->Gs.Attributes.Value);
    }

    [Fact]
    public void Random_tables_never_leave_a_half_written_switch()
    {
        Random random = new(4);
        for (int round = 0; round < Fuzz.Rounds(1000); round++)
        {
            using TaskSwitchModel model = new();
            if (random.Next(2) == 0)
            {
                model.EnablePaging();
            }

            for (int i = 0; i < random.Next(6); i++)
            {
                ulong[] tables = [Gdt, OldTask, NewTask, NarrowTask, PageDirectory, PageEntry(0)];
                *model.At(tables[random.Next(tables.Length)] + (ulong)random.Next(0x88)) = (byte)random.Next(256);
            }

            byte[] before = model.Snapshot();
            TaskState old = *model.State;
            ushort[] selectors = [NewSelector, NarrowSelector, OldSelector, (ushort)random.Next(0x90)];
            TaskSwitchResult result = model.Run((TaskSwitchSource)random.Next(4), selectors[random.Next(4)], random.Next(2) == 0, random.Next(2) == 0 ? 1u : null);
            Assert.True(result.Committed || result.Exception.IsValid);
            if (!result.Committed)
            {
                Assert.Equal(new ReadOnlySpan<byte>(&old, sizeof(TaskState)).ToArray(), new ReadOnlySpan<byte>(model.State, sizeof(TaskState)).ToArray());
                AssertSameBut(before, model);
            }
        }
    }

    private void AssertUnchanged(TaskSwitchResult result, byte vector, uint errorCode)
    {
        Assert.False(result.Committed);
        Assert.Equal(GuestEvent.Exception(vector, errorCode).Value, result.Exception.Value);
        Assert.Equal((0x12_3456ul, OldSelector), (_model.State->Rip, _model.State->Tr.Selector.Value));
        Assert.Equal(0u, _model.Word(OldTask + 0x20));
        Assert.Equal(0, _model.Half(NewTask));
    }

    private void AssertNewTask(TaskSwitchResult result, byte vector, uint errorCode)
    {
        Assert.True(result.Committed);
        Assert.Equal(GuestEvent.Exception(vector, errorCode).Value, result.Exception.Value);
        Assert.Equal((0x65_4321ul, NewSelector), (_model.State->Rip, _model.State->Tr.Selector.Value));
        Assert.Equal(0x12_3456u, _model.Word(OldTask + 0x20));
    }

    private void AssertSameBut(byte[] before) => AssertSameBut(before, _model);

    /// <summary>Memory is as it was; accessed flags may have been set.</summary>
    private static void AssertSameBut(byte[] before, TaskSwitchModel model)
    {
        byte[] after = model.Snapshot();
        for (int i = 0; i < 0x3000; i++)
        {
            after[(int)PageDirectory + i] &= NotAccessed;
            before[(int)PageDirectory + i] &= NotAccessed;
        }

        Assert.True(before.AsSpan().SequenceEqual(after), $"first difference at {before.AsSpan().CommonPrefixLength(after):X}");
    }
}
