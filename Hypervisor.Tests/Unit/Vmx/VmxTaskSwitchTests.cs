using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Task switches as exits: what comes from the VMCS, what goes back, and the event that was being delivered.</summary>
public sealed unsafe class VmxTaskSwitchTests : IDisposable
{
    private const ulong Gdt = 0x1000;
    private const ulong OldTask = 0x2000;
    private const ulong NewTask = 0x3000;
    private const ushort Code = 0x08;
    private const ushort Data = 0x10;
    private const ushort OldSelector = 0x18;
    private const ushort NewSelector = 0x20;
    private const ulong Call = 0;
    private const ulong Iret = 1ul << 30;
    private const ulong Jump = 2ul << 30;
    private const ulong Gate = 3ul << 30;

    private readonly SimulatedMachine _machine = new();

    public VmxTaskSwitchTests()
    {
        VmxGuestFields.AddCapabilities(_machine.Bootstrap);
        VmxGuestFields.Fill(Fields);
        EnterProtectedMode();
        *(ulong*)_machine.Guest(Gdt + Code) = 0x00CF_9B00_0000_FFFF;
        *(ulong*)_machine.Guest(Gdt + Data) = 0x00CF_9300_0000_FFFF;
        *(ulong*)_machine.Guest(Gdt + OldSelector) = 0x0000_8B00_2000_0067;
        *(ulong*)_machine.Guest(Gdt + NewSelector) = 0x0000_8900_3000_0067;
        Set(NewTask + 0x20, 0x7777);
        Set(NewTask + 0x24, 0x202);
        Set(NewTask + 0x28, 0x1234_5678);
        Set(NewTask + 0x38, 0x5000);
        for (uint i = 0; i < 6; i++)
        {
            Set(NewTask + 0x48 + (i * 4), i == 1 ? Code : Data);
        }
    }

    private SimulatedVmcs Fields => _machine.Bootstrap.Vmcs;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_call_returns_behind_itself()
    {
        Fields[(uint)VmcsField32.GuestInterruptibility] = 1;
        Fields[(uint)VmcsField32.GuestActivityState] = 1;
        Assert.Equal(ExitCause.TaskSwitch, Handle(Call | NewSelector, length: 7));
        Assert.Equal(0x1007u, Word(OldTask + 0x20));
        Assert.Equal(0x9999u, Word(OldTask + 0x28));
        Assert.Equal((0x7777ul, 0x4202ul, 0x5000ul), (Read(VmcsFieldNatural.GuestRip), Read(VmcsFieldNatural.GuestRFlags), Read(VmcsFieldNatural.GuestRsp)));
        Assert.Equal((0x1234_5678ul, 0x5000ul), (_machine.Data->Registers.Rax, _machine.Data->Registers.Rsp));
        Assert.Equal(0x39ul, Read(VmcsFieldNatural.GuestCr0)); // TS
        Assert.Equal((NewSelector, NewTask, 0x8Bu), ((ushort)Fields[(uint)VmcsField16.GuestTrSelector], Read(VmcsFieldNatural.GuestTrBase), Rights(SegmentName.Tr)));
        Assert.Equal(0x1_0000u, Rights(SegmentName.Ldtr));
        Assert.Equal(0xC09Bu, Rights(SegmentName.Cs));
        Assert.Equal((0u, 0u), (Read(VmcsField32.GuestInterruptibility), Read(VmcsField32.GuestActivityState)));
        Assert.Equal(0u, Read(VmcsField32.EntryInterruptionInformation));
        Assert.Equal("", Violation());
    }

    [Theory]
    [InlineData(0x8000_0480u, 0x1002u)] // INT n
    [InlineData(0x8000_0603u, 0x1002u)] // INT3
    [InlineData(0x8000_0501u, 0x1002u)] // INT1
    [InlineData(0x8000_030Eu, 0x1000u)] // exceptions and interrupts say themselves where to go on
    [InlineData(0x8000_0030u, 0x1000u)]
    public void Through_a_gate_the_old_task_goes_on_where_the_event_says(uint delivering, uint expected)
    {
        Handle(Gate | NewSelector, delivering, length: 2);
        Assert.Equal(expected, Word(OldTask + 0x20));
        Assert.Equal(0u, Read(VmcsField32.EntryInterruptionInformation));
        Assert.Equal("", Violation());
    }

    [Fact]
    public void The_error_code_of_an_exception_is_pushed()
    {
        Handle(Gate | NewSelector, 0x8000_0B0D, errorCode: 0xABC);
        Assert.Equal(0x4FFCul, Read(VmcsFieldNatural.GuestRsp));
        Assert.Equal(0xABCu, Word(0x4FFC));
    }

    [Fact]
    public void An_NMI_through_a_gate_blocks_others_until_IRET()
    {
        Handle(Gate | NewSelector, 0x8000_0202);
        Assert.Equal((uint)VmxInterruptibility.BlockingByNmi, Read(VmcsField32.GuestInterruptibility));
        Handle(Iret | OldSelector, length: 1);
        Assert.Equal(0u, Read(VmcsField32.GuestInterruptibility));
        Assert.Equal((0x1000ul, 0x9999ul), (Read(VmcsFieldNatural.GuestRip), _machine.Data->Registers.Rax));
        Assert.Equal(0x7778u, Word(NewTask + 0x20));
        Assert.Equal("", Violation());
    }

    [Fact]
    public void A_fault_of_the_old_task_leaves_it_as_it_was()
    {
        *_machine.Guest(Gdt + NewSelector + 5) = 0x09;
        Handle(Jump | NewSelector, length: 7);
        Assert.Equal(0x1000ul, Read(VmcsFieldNatural.GuestRip));
        Assert.Equal((0x8000_0B0Bu, (uint)NewSelector), (Read(VmcsField32.EntryInterruptionInformation), Read(VmcsField32.EntryExceptionErrorCode)));
        Assert.Equal(OldSelector, Fields[(uint)VmcsField16.GuestTrSelector]);
        Assert.Equal("", Violation());
    }

    [Theory]
    [InlineData(0x8000_0B0Du, 0x8000_0B08u, 0u)] // a contributory exception on top of another: #DF
    [InlineData(0x8000_0480u, 0x8000_0B0Bu, (uint)NewSelector)]
    [InlineData(0x8000_0030u, 0x8000_0B0Bu, NewSelector | 1u)]
    [InlineData(0x8000_0202u, 0x8000_0B0Bu, NewSelector | 1u)]
    public void A_fault_comes_on_top_of_the_event(uint delivering, uint expected, uint errorCode)
    {
        *_machine.Guest(Gdt + NewSelector + 5) = 0x09;
        Handle(Gate | NewSelector, delivering);
        Assert.Equal((expected, errorCode), (Read(VmcsField32.EntryInterruptionInformation), Read(VmcsField32.EntryExceptionErrorCode)));
    }

    [Theory]
    [InlineData(0x48)] // ES
    [InlineData(0x4C)] // CS
    [InlineData(0x50)] // SS
    [InlineData(0x60)] // LDTR
    public void A_fault_of_the_new_task_can_be_delivered(int field)
    {
        Set(NewTask + (ulong)field, 0x28);
        Handle(Call | NewSelector, length: 7);
        Assert.Equal((0x8000_0B0Au, 0x28u), (Read(VmcsField32.EntryInterruptionInformation), Read(VmcsField32.EntryExceptionErrorCode)));
        Assert.Equal(NewSelector, Fields[(uint)VmcsField16.GuestTrSelector]);
        Assert.Equal(0x7777ul, Read(VmcsFieldNatural.GuestRip));
        Assert.Equal("", Violation());
    }

    [Fact]
    public void A_page_fault_leaves_its_address_in_CR2()
    {
        EnablePaging();
        *(uint*)_machine.Guest(0x1_1000 + (3 * 4)) = 0;
        Handle(Call | NewSelector, length: 7);
        Assert.Equal((0x8000_0B0Eu, 0u), (Read(VmcsField32.EntryInterruptionInformation), Read(VmcsField32.EntryExceptionErrorCode)));
        Assert.Equal(NewTask, _machine.Bootstrap.Cr2);
    }

    [Fact]
    public void A_new_address_space_drops_translations()
    {
        EnablePaging();
        Set(NewTask + 0x1C, 0x1_0000);
        Handle(Call | NewSelector, length: 7);
        Assert.Equal(0x1_0000ul, Read(VmcsFieldNatural.GuestCr3));
        Assert.Equal([(1u, (ushort)1)], _machine.Bootstrap.VpidInvalidations);
    }

    [Fact]
    public void The_debug_trap_flag_of_the_new_task_raises_a_debug_exception()
    {
        Set(NewTask + 0x64, 1);
        Handle(Jump | NewSelector, length: 7);
        Assert.Equal(0x8000_0301u, Read(VmcsField32.EntryInterruptionInformation));
        Assert.Equal(0xFFFF_8FF0ul, _machine.Bootstrap.Dr6);
    }

    [Fact]
    public void Virtual_8086_tasks_can_be_entered()
    {
        Set(NewTask + 0x24, 0x2_3202);
        Handle(Jump | NewSelector, length: 7);
        Assert.Equal("", Violation());
        Assert.Equal(0xF3u, Rights(SegmentName.Cs));
    }

    private static string Violation()
    {
        VmcsViolation found = VmcsCheck.Violation();
        return System.Text.Encoding.UTF8.GetString(found.Field) + System.Text.Encoding.UTF8.GetString(found.Rule);
    }

    private ExitCause Handle(ulong qualification, uint delivering = 0, uint errorCode = 0, uint length = 0)
    {
        Fields[(uint)VmcsFieldNatural.ExitQualification] = qualification;
        Fields[(uint)VmcsField32.IdtVectoringInformation] = delivering;
        Fields[(uint)VmcsField32.IdtVectoringErrorCode] = errorCode;
        Fields[(uint)VmcsField32.ExitInstructionLength] = length;
        Fields[(uint)VmcsField32.EntryInterruptionInformation] = 0;
        return VmxTaskSwitch.Handle(_machine.Data);
    }

    private void EnterProtectedMode()
    {
        Fields[(uint)VmcsField32.EntryControls] &= ~(uint)EntryControls.Ia32eMode;
        Fields[(uint)VmcsFieldNatural.GuestCr0] = 0x31;
        Fields[(uint)VmcsFieldNatural.GuestCr4] = 0x2000;
        Fields[(uint)VmcsField64.GuestEfer] = 0;
        Fields[(uint)VmcsFieldNatural.GuestRip] = 0x1000;
        Fields[(uint)VmcsFieldNatural.GuestRsp] = 0x8000;
        Fields[(uint)VmcsFieldNatural.GuestRFlags] = 0x202;
        Fields[(uint)VmcsFieldNatural.GuestGdtrBase] = Gdt;
        Fields[(uint)VmcsField32.GuestGdtrLimit] = 0x27;
        VmxGuestFields.SetSegment(Fields, SegmentName.Cs, Code, 0, 0xFFFF_FFFF, 0xC09B);
        foreach (SegmentName name in (SegmentName[])[SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs])
        {
            VmxGuestFields.SetSegment(Fields, name, Data, 0, 0xFFFF_FFFF, 0xC093);
        }

        VmxGuestFields.SetSegment(Fields, SegmentName.Tr, OldSelector, OldTask, 0x67, 0x8B);
        _machine.Data->Registers.Rax = 0x9999;
    }

    private void EnablePaging()
    {
        *(uint*)_machine.Guest(0x1_0000) = 0x1_1003;
        for (uint i = 0; i < 64; i++)
        {
            *(uint*)_machine.Guest(0x1_1000 + (i * 4)) = (i << 12) | 3;
        }

        Fields[(uint)VmcsFieldNatural.GuestCr0] = 0x8000_0031;
        Fields[(uint)VmcsFieldNatural.GuestCr3] = 0x1_0000;
        Set(NewTask + 0x1C, 0x1_0000);
    }

    private void Set(ulong address, uint value) => *(uint*)_machine.Guest(address) = value;

    private uint Word(ulong address) => *(uint*)_machine.Guest(address);

    private ulong Read(VmcsFieldNatural field) => Fields[(uint)field];

    private uint Read(VmcsField32 field) => (uint)Fields[(uint)field];

    private uint Rights(SegmentName name) => (uint)Fields[(uint)Vmcs.AccessRights(name)];
}
