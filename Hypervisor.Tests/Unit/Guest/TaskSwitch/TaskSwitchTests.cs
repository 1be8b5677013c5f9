using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.TaskSwitch;
using Hypervisor.Tests.Models;
using Xunit;
using static Hypervisor.Tests.Models.TaskSwitchModel;

namespace Hypervisor.Tests.Unit.Guest.TaskSwitch;

/// <summary>Task switches that succeed: what is saved, what is loaded, what is marked (Intel SDM vol 3 §7.3 and table 7-2).</summary>
public sealed unsafe class TaskSwitchTests : IDisposable
{
    private readonly TaskSwitchModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(TaskSwitchSource.Jump, 0x89, 0x8B, false, false)]
    [InlineData(TaskSwitchSource.Call, 0x8B, 0x8B, true, true)]
    [InlineData(TaskSwitchSource.Gate, 0x8B, 0x8B, true, true)]
    [InlineData(TaskSwitchSource.Iret, 0x89, 0x8B, false, false)]
    public void Busy_flags_link_and_NT_follow_the_table(TaskSwitchSource source, byte oldType, byte newType, bool nested, bool linked)
    {
        if (source == TaskSwitchSource.Iret)
        {
            _model.MakeNewTaskWait();
        }

        Assert.True(Succeeds(_model.Run(source)));
        Assert.Equal((oldType, newType), (_model.TypeOf(OldSelector), _model.TypeOf(NewSelector)));
        Assert.Equal(nested, _model.State->RFlags.NestedTask);
        Assert.Equal(linked ? OldSelector : 0, _model.Half(NewTask));
        Assert.True(_model.State->Cr0.TaskSwitched);
        Assert.Equal(NewSelector, _model.State->Tr.Selector.Value);
        Assert.True(_model.State->Tr.Attributes.IsBusyTask);
        Assert.Equal(NewTask, _model.State->Tr.Base);
        Assert.Equal(0x6AAul, _model.State->Dr7);
    }

    [Fact]
    public void The_old_task_is_saved()
    {
        _model.Set(OldTask + 0x48, 0xAAAA_AAAA);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0x12_3456u, _model.Word(OldTask + 0x20));
        Assert.Equal(0x246u, _model.Word(OldTask + 0x24));
        uint[] expected = [0xA1, 0xC1, 0xD1, 0xB1, 0x4000, 0xBB01, 0x51, 0xFFFF_00D1];
        for (uint i = 0; i < 8; i++)
        {
            Assert.Equal(expected[i], _model.Word(OldTask + 0x28 + (i * 4)));
        }

        Assert.Equal(0xAAAA_0000u | Data, _model.Word(OldTask + 0x48)); // of a selector's field only the lower half is written
        Assert.Equal(Code, _model.Half(OldTask + 0x4C));
        Assert.Equal(0u, _model.Word(OldTask + 0x1C)); // CR3 and LDTR are not saved
        Assert.Equal(0u, _model.Word(OldTask + 0x60));
    }

    [Fact]
    public void The_new_task_is_loaded()
    {
        _model.SetHalf(NewTask + 0x54, FreshData);
        _model.SetHalf(NewTask + 0x58, LocalData | 3);
        _model.SetHalf(NewTask + 0x5C, 0);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        TaskState* s = _model.State;
        Assert.Equal((0x65_4321ul, 0x202ul), (s->Rip, s->RFlags.Value));
        Assert.Equal((0x1111_0000ul, 0x2222_0000ul, (ulong)NewStack, 0x8888_0000ul), (s->Registers.Rax, s->Registers.Rcx, s->Registers.Rsp, s->Registers.Rdi));
        Assert.Equal((Code, 0ul, 0xFFFF_FFFFu, (ushort)0xC9B), (s->Cs.Selector.Value, s->Cs.Base, s->Cs.Limit, s->Cs.Attributes.Value));
        Assert.Equal((0x1234_0000ul, 0x1FFFu, (ushort)0x493), (s->Ds.Base, s->Ds.Limit, s->Ds.Attributes.Value));
        Assert.Equal(0x93, _model.TypeOf(FreshData)); // accessed now
        Assert.Equal((0x4000ul, 0xFFFu), (s->Fs.Base, s->Fs.Limit));
        Assert.False(s->Gs.Attributes.Present);
        Assert.Equal((LocalTable, Ldt, 0x1Fu), (s->Ldtr.Selector.Value, s->Ldtr.Base, s->Ldtr.Limit));
    }

    [Fact]
    public void IRET_saves_the_flags_without_NT()
    {
        _model.MakeNewTaskWait();
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Iret)));
        Assert.Equal(0x246u, _model.Word(OldTask + 0x24));
    }

    [Fact]
    public void JMP_saves_the_flags_with_NT()
    {
        _model.State->RFlags = new RFlags(0x4246);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0x4246u, _model.Word(OldTask + 0x24));
        Assert.False(_model.State->RFlags.NestedTask);
    }

    [Fact]
    public void IRET_to_the_same_task_goes_on_where_it_was()
    {
        _model.State->RFlags = _model.State->RFlags.WithNestedTask(true);
        _model.SetHalf(OldTask + 0x60, LocalTable);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Iret, OldSelector)));
        Assert.Equal((0x12_3456ul, 0xA1ul), (_model.State->Rip, _model.State->Registers.Rax));
        Assert.True(_model.State->Tr.Attributes.IsBusyTask);
    }

    [Fact]
    public void Flags_that_do_not_exist_are_not_loaded()
    {
        _model.Set(NewTask + 0x24, 0xFFFD_FFFF);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0x003D_7FD7ul, _model.State->RFlags.Value);
    }

    [Theory]
    [InlineData(TaskSwitchSource.Jump)]
    [InlineData(TaskSwitchSource.Call)]
    public void A_16_bit_task_is_loaded(TaskSwitchSource source)
    {
        Assert.True(Succeeds(_model.Run(source, NarrowSelector)));
        TaskState* s = _model.State;
        Assert.Equal(0x4321ul, s->Rip);
        Assert.Equal(source == TaskSwitchSource.Call ? 0x4202ul : 0x202ul, s->RFlags.Value);
        Assert.Equal((0xFFFF_1111ul, 0xFFFF_8888ul), (s->Registers.Rax, s->Registers.Rdi));
        Assert.False(s->Fs.Attributes.Present || s->Gs.Attributes.Present);
        Assert.Equal(0, s->Fs.Selector.Value);
        Assert.Equal(0x83, _model.TypeOf(NarrowSelector));
        Assert.Equal(source == TaskSwitchSource.Call ? OldSelector : 0, _model.Half(NarrowTask));
        Assert.Equal(0x12_3456u, _model.Word(OldTask + 0x20));
    }

    [Fact]
    public void A_16_bit_task_is_saved()
    {
        _model.MakeOldTaskNarrow();
        _model.Set(OldTask + 0x2A, 0xEEEE_EEEE);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal((0x3456, 0x246, 0xA1, 0x00D1), (_model.Half(OldTask + 0x0E), _model.Half(OldTask + 0x10), _model.Half(OldTask + 0x12), _model.Half(OldTask + 0x20)));
        Assert.Equal((Data, Code, Data, Data), (_model.Half(OldTask + 0x22), _model.Half(OldTask + 0x24), _model.Half(OldTask + 0x26), _model.Half(OldTask + 0x28)));
        Assert.Equal(0xEEEE_EEEEu, _model.Word(OldTask + 0x2A)); // nothing behind DS
        Assert.Equal(0x81, _model.TypeOf(OldSelector));
    }

    [Fact]
    public void A_16_bit_task_keeps_CR3()
    {
        _model.EnablePaging();
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Call, NarrowSelector)));
        Assert.Equal(PageDirectory, _model.State->Cr3.Value);
    }

    [Fact]
    public void CR3_is_loaded_with_paging_only()
    {
        _model.Set(NewTask + 0x1C, 0x77_7000);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0ul, _model.State->Cr3.Value);
    }

    [Fact]
    public void Segments_come_from_the_new_tasks_address_space()
    {
        _model.EnablePaging();

        // The new directory maps the page of the GDT to a copy whose code segment begins elsewhere.
        const uint directory = 0x18_0000;
        for (uint i = 0; i < 0x3000; i += 4)
        {
            _model.Set(directory + i, _model.Word(PageDirectory + i));
        }

        _model.Set(directory, directory + 0x1003);
        _model.Set(directory + 0x1000 + 4, 0x19_0003);
        for (uint i = 0; i < 0x1000; i += 4)
        {
            _model.Set(0x19_0000 + i, _model.Word(Gdt + i));
        }

        _model.SetDescriptor(0x19_0000, Code, 0x7000, 0xF_FFFF, 0x9B, 0xC);
        _model.Set(NewTask + 0x1C, directory);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal((0x7000ul, (ulong)directory), (_model.State->Cs.Base, _model.State->Cr3.Value));
    }

    [Fact]
    public void Pages_that_were_touched_are_marked()
    {
        _model.EnablePaging();
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Call)));
        const uint accessed = 1 << 5;
        const uint dirty = 1 << 6;
        Assert.Equal(accessed | dirty, _model.Word(PageEntry(OldTask)) & (accessed | dirty));
        Assert.Equal(accessed | dirty, _model.Word(PageEntry(NewTask)) & (accessed | dirty)); // the link
        Assert.Equal(accessed | dirty, _model.Word(PageEntry(Gdt)) & (accessed | dirty)); // the busy flag
        Assert.Equal(0u, _model.Word(PageEntry(0x6000)) & (accessed | dirty));
        Assert.Equal(accessed, _model.Word(PageDirectory) & (accessed | dirty));
    }

    [Fact]
    public void A_task_that_is_jumped_to_is_not_dirty()
    {
        _model.EnablePaging();
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0x20u, _model.Word(PageEntry(NewTask)) & 0x60);
    }

    [Fact]
    public void Page_directory_pointers_are_read_with_PAE()
    {
        EnablePae(0x7FF0_0001);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0x11_1001ul, _model.State->PaePointer[0]);
        Assert.Equal(0x7FF0_0001ul, _model.State->PaePointer[3]);
        Assert.Equal(0x11_0020ul, _model.State->Cr3.Value);
    }

    [Fact]
    public void Bad_page_directory_pointers_fault_in_the_new_task()
    {
        EnablePae(0x7FF0_0007);
        TaskSwitchResult result = _model.Run(TaskSwitchSource.Jump);
        Assert.True(result.Committed);
        Assert.Equal(GuestEvent.Exception(ExceptionVector.InvalidTaskState, 0).Value, result.Exception.Value);
        Assert.Equal(0ul, _model.State->PaePointer[3]);
    }

    [Fact]
    public void Virtual_8086_mode_takes_selectors_as_they_are()
    {
        _model.Set(NewTask + 0x24, 0x2_3202);
        for (uint i = 0; i < 6; i++)
        {
            _model.Set(NewTask + 0x48 + (i * 4), 0x1230 + i);
        }

        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
        {
            SegmentState segment = *TaskState.Segment(_model.State, name);
            Assert.Equal((0x1_2300ul + ((ulong)name * 16), 0xFFFFu, (ushort)0xF3), (segment.Base, segment.Limit, segment.Attributes.Value));
        }

        Assert.True(_model.State->RFlags.Virtual8086);
        Assert.Equal(LocalTable, _model.State->Ldtr.Selector.Value);
    }

    [Fact]
    public void A_task_of_privilege_3_is_entered()
    {
        EnterUserTask();
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Call)));
        Assert.Equal(3, _model.State->Ss.Attributes.Privilege);
    }

    [Theory]
    [InlineData(ConformingCode)]
    [InlineData((ushort)(ConformingCode | 3))]
    public void Conforming_code_may_have_less_privilege_than_its_DPL(ushort code)
    {
        if ((code & 3) != 0)
        {
            EnterUserTask();
        }

        _model.SetHalf(NewTask + 0x4C, code);
        _model.SetHalf(NewTask + 0x54, (ushort)(ConformingCode | 3)); // and can be read from anywhere
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Call)));
        Assert.True(_model.State->Cs.Attributes.IsConforming && _model.State->Ds.Attributes.IsConforming);
    }

    [Fact]
    public void The_debug_trap_flag_stops_before_the_first_instruction()
    {
        _model.Set(NewTask + 0x64, 0x68_0001);
        TaskSwitchResult result = _model.Run(TaskSwitchSource.Jump);
        Assert.True(Succeeds(result) && result.DebugTrap);
    }

    [Fact]
    public void A_16_bit_task_has_no_debug_trap_flag()
    {
        _model.Set(NarrowTask + 0x64, 1);
        Assert.False(_model.Run(TaskSwitchSource.Jump, NarrowSelector).DebugTrap);
    }

    [Theory]
    [InlineData(NewSelector, Data, NewStack - 4, 4)]
    [InlineData(NarrowSelector, Data, 0xFFFF_4FFE, 2)]
    [InlineData(NarrowSelector, NarrowStack, 0xFFFF_4FFE, 2)]
    public void An_error_code_lies_on_the_new_stack(ushort selector, ushort stack, uint top, int size)
    {
        _model.SetHalf(NewTask + 0x50, stack);
        _model.SetHalf(NarrowTask + 0x26, stack);
        if (stack == Data)
        {
            _model.SetHalf(NarrowTask + 0x1A, (ushort)NewStack);
            _model.SetDescriptor(Gdt, Data, stack == Data && size == 2 ? 0x1_0000u : 0, 0xF_FFFF, 0x93, 0xC);
        }

        TaskSwitchResult result = _model.Run(TaskSwitchSource.Gate, selector, external: true, errorCode: 0xABCD_1234);
        Assert.True(Succeeds(result));
        Assert.Equal((ulong)top, _model.State->Registers.Rsp);
        ulong linear = (_model.State->Ss.Base + (_model.State->Ss.Attributes.DefaultBig ? top : top & 0xFFFF)) & 0xFFFF_FFFF;
        Assert.Equal(size == 4 ? 0xABCD_1234u : 0x1234u, size == 4 ? _model.Word(linear) : _model.Half(linear));
    }

    [Fact]
    public void An_error_code_crosses_a_page_of_the_guest()
    {
        _model.EnablePaging();
        _model.Set(NewTask + 0x38, 0x5002);
        _model.Set(PageEntry(0x5000), 0x9003);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Gate, NewSelector, true, 0x1122_3344)));
        Assert.Equal((0x3344, 0x1122), (_model.Half(0x4FFE), _model.Half(0x9000)));
    }

    [Fact]
    public void A_stack_that_grows_down_is_checked_from_above()
    {
        _model.SetHalf(NewTask + 0x50, GrowsDown);
        _model.Set(NewTask + 0x38, 0x1_0004);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Gate, NewSelector, true, 7)));
        Assert.Equal(7u, _model.Word(0x1_0000));
    }

    [Fact]
    public void A_task_in_the_memory_of_the_host_reads_as_zeros_and_takes_nothing()
    {
        _model.SetDescriptor(Gdt, OldSelector, (uint)Hidden + 0x100, 0x67, 0x8B, 0);
        _model.State->Tr = Segment(OldSelector, Hidden + 0x100, 0x67, 0x8B);
        Assert.True(Succeeds(_model.Run(TaskSwitchSource.Jump)));
        Assert.Equal(0u, _model.Word(Hidden + 0x120));
    }

    private static bool Succeeds(TaskSwitchResult result) => result.Committed && !result.Exception.IsValid;

    private void EnterUserTask()
    {
        ushort[] segments = [UserData, UserCode, UserData, UserData, UserData, UserData];
        for (uint i = 0; i < 6; i++)
        {
            _model.Set(NewTask + 0x48 + (i * 4), segments[i]);
        }
    }

    /// <summary>PAE paging, first 2 MiB mapped to themselves; the new task brings the same tables by another CR3.</summary>
    private void EnablePae(uint last)
    {
        _model.Set(0x11_0000, 0x11_1001);
        _model.Set(0x11_0020, 0x11_1001);
        _model.Set(0x11_0038, last);
        _model.Set(0x11_1000, 0x83);
        _model.Set(0x11_1020, 0x0080_0083);
        _model.State->Cr0 = new Cr0(0x8001_0011);
        _model.State->Cr4 = new Cr4(0x20);
        _model.State->Cr3 = new Cr3(0x11_0000);
        _model.Set(NewTask + 0x1C, 0x11_0020);
    }
}
