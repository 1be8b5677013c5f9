using System;
using System.Collections.Generic;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Emulation;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>Rules that the comparison with this machine's processor cannot show: other modes, and what is seen by the bus.</summary>
public sealed unsafe class EmulationFaultTests : IDisposable
{
    private const uint Paged = 0x8001_0001;
    private const uint NoWriteProtect = 0x8000_0001;
    private const ulong Address = NativeLayout.FirstPages + 0x800;
    private const ulong Border = NativeLayout.FirstPages + NativeLayout.PageSize;
    private const ulong End = NativeLayout.FirstPages + (2 * NativeLayout.PageSize);
    private const ulong SmapBit = 1UL << 21;
    private const ulong AlignmentFlag = 1UL << 18;

    private readonly EmulatedMachine _machine = new();
    private readonly List<(ulong Address, int Size, bool Write)> _seen = [];

    public EmulationFaultTests()
    {
        ModelBus.Seen = (address, size, write) => _seen.Add((address, size, write));
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("F08B03")] // MOV EAX, [RBX]
    [InlineData("F08903")]
    [InlineData("F03903")] // CMP
    [InlineData("F0D123")] // SHL
    [InlineData("F00FA303")] // BT
    [InlineData("F0AB")] // STOSD
    [InlineData("F00303")] // ADD EAX, [RBX]: the destination is no memory
    public void A_lock_prefix_where_it_is_not_allowed_is_undefined(string hex)
    {
        Load(hex, rbx: Address);
        Faults(ExceptionVector.Undefined);
    }

    [Fact]
    public void A_page_that_is_missing_behind_the_border_faults_before_anything_is_seen()
    {
        Load("8903", rbx: End - 2);
        Faults(ExceptionVector.PageFault, errorCode: 6, address: End);
    }

    [Theory]
    [InlineData("FF03", 6u)] // INC: what is read and written is a write
    [InlineData("8B03", 4u)]
    [InlineData("0FB10B", 6u)]
    public void The_error_code_tells_writes(string hex, uint errorCode)
    {
        Load(hex, rbx: End);
        Faults(ExceptionVector.PageFault, errorCode, End);
    }

    [Fact]
    public void Supervisors_may_write_read_only_pages_without_write_protection_only()
    {
        Load("8803", rbx: NativeLayout.ReadOnlyPage, cr0: NoWriteProtect, privilege: 0);
        Done();
        Load("8803", rbx: NativeLayout.ReadOnlyPage, privilege: 0);
        Faults(ExceptionVector.PageFault, errorCode: 3, NativeLayout.ReadOnlyPage);
    }

    [Fact]
    public void Supervisors_keep_off_user_pages_unless_they_say_so()
    {
        Load("8803", rbx: Address, cr4: 0x620 | SmapBit, privilege: 0);
        Faults(ExceptionVector.PageFault, errorCode: 3, Address);
        Load("8803", rbx: Address, cr4: 0x620 | SmapBit, privilege: 0, flags: AlignmentFlag);
        Done();
    }

    [Fact]
    public void A_reserved_bit_is_told()
    {
        *_machine.PageEntry(Address) |= 1UL << 51;
        Load("8B03", rbx: Address);
        Faults(ExceptionVector.PageFault, errorCode: 0xD, Address);
    }

    [Theory]
    [InlineData("480FC70B", 8u)] // CMPXCHG16B
    [InlineData("0F2803", 8u)] // MOVAPS
    [InlineData("660FE703", 4u)] // MOVNTDQ
    public void What_must_be_aligned_faults_otherwise(string hex, uint offset)
    {
        Load(hex, rbx: Address + offset);
        Faults(ExceptionVector.GeneralProtection);
    }

    [Theory]
    [InlineData("8B03", ExceptionVector.GeneralProtection)]
    [InlineData("8B4500", ExceptionVector.StackFault)]
    [InlineData("FF36", ExceptionVector.StackFault)] // PUSH [RSI]
    public void Addresses_that_are_not_canonical_fault_by_segment(string hex, byte vector)
    {
        Load(hex, rbx: 1UL << 47);
        _machine.Registers->Rbp = 1UL << 47;
        _machine.Registers->Rsi = Address;
        _machine.Registers->Rsp = (1UL << 47) + 64;
        Faults(vector);
    }

    [Fact]
    public void With_five_levels_more_addresses_are_canonical()
    {
        Load("8B03", rbx: 1UL << 47, cr4: 0x1620);
        Faults(ExceptionVector.PageFault, errorCode: 4, 1UL << 47);
    }

    [Fact]
    public void Where_addresses_may_carry_data_the_guest_finds_out_by_itself()
    {
        Load("8B03", rbx: 1UL << 47, cr4: 0x1000_0620);
        IsLeft();
    }

    [Fact]
    public void A_call_that_cannot_go_there_leaves_the_stack_alone()
    {
        Load("FF13", rbx: Address);
        _machine.Registers->Rsp = NativeLayout.SecondWindow + 64;
        *(ulong*)_machine.At(Address) = 1UL << 60;
        Assert.Equal(EmulationOutcome.Faulted, _machine.Run(15));
        Assert.Equal(ExceptionVector.GeneralProtection, _machine.Context->Exception.Vector);
        Assert.Equal(NativeLayout.SecondWindow + 64, _machine.Registers->Rsp);
        Assert.Equal([(Address, 8, false)], _seen);
    }

    [Theory]
    [InlineData("FF13", 0x80_0620ul, 0ul)] // CALL with shadow stacks or branch tracking
    [InlineData("FF23", 0x620ul, 0x100ul)] // JMP, traced
    [InlineData("FF33", 0x40_0620ul, 0ul)] // PUSH with protection keys
    [InlineData("A5", 0x40_0620ul, 0ul)] // MOVS with protection keys
    public void What_would_need_more_is_left_to_the_guest(string hex, ulong cr4, ulong flags)
    {
        Load(hex, rbx: Address, cr4: cr4, flags: flags);
        _machine.Registers->Rsi = Address;
        _machine.Registers->Rdi = Address;
        _machine.Registers->Rsp = Address;
        IsLeft();
    }

    [Fact]
    public void What_touches_no_trapped_page_is_left_to_the_guest()
    {
        ModelBus.Trapped = page => page == NativeLayout.FirstPages;
        Load("FF03", rbx: Border);
        IsLeft();
    }

    [Fact]
    public void A_border_between_pages_splits_into_as_few_pieces_as_there_can_be()
    {
        Load("48C70344332211", rbx: Border - 3);
        Done();
        Assert.Equal([(Border - 3, 2, true), (Border - 1, 1, true), (Border, 4, true), (Border + 4, 1, true)], _seen);
        Assert.Equal(0x11223344ul, *(ulong*)_machine.At(Border - 3));
    }

    [Fact]
    public void A_border_between_memory_and_device_is_split()
    {
        ModelBus.Trapped = page => page == Border;
        Load("8B03", rbx: Border - 1);
        *(uint*)_machine.At(Border - 1) = 0x1234_5678;
        Done();
        Assert.Equal([(Border, 2, false), (Border + 2, 1, false)], _seen);
        Assert.Equal(0x1234_5678ul, _machine.Registers->Rax);
    }

    [Fact]
    public void A_locked_update_reads_once_and_writes_once()
    {
        Load("F0480FC70B", rbx: Address);
        Done();
        Assert.Equal([(Address, 8, false), (Address + 8, 8, false), (Address, 8, true), (Address + 8, 8, true)], _seen);
        _seen.Clear();
        Load("F0830301", rbx: Address);
        Done();
        Assert.Equal([(Address, 4, false), (Address, 4, true)], _seen);
    }

    [Fact]
    public void What_a_guest_copies_into_the_hosts_memory_is_lost()
    {
        ModelBus.Trapped = page => page == NativeLayout.FirstPages;
        Load("A4", rbx: 0);
        _machine.Registers->Rsi = Address;
        _machine.Registers->Rdi = EmulatedMachine.HiddenBase;
        *_machine.At(Address) = 7;
        Done();
        Assert.Equal(0, *_machine.At(EmulatedMachine.HiddenBase));
    }

    [Fact]
    public void The_marks_in_page_tables_are_set()
    {
        const ulong accessed = 1 << 5;
        const ulong dirty = 1 << 6;
        Load("8B03", rbx: Address);
        Done();
        Assert.Equal(accessed, *_machine.PageEntry(Address) & (accessed | dirty));
        Load("8903", rbx: Address);
        Done();
        Assert.Equal(accessed | dirty, *_machine.PageEntry(Address) & (accessed | dirty));
    }

    [Theory]
    [InlineData("0F1003", 0x8001_0005u, 0x4_0620ul, 7ul, ExceptionVector.Undefined)] // EM
    [InlineData("0F1003", Paged, 0x420ul, 7ul, ExceptionVector.Undefined)] // no OSFXSR
    [InlineData("0F1003", 0x8001_0009u, 0x4_0620ul, 7ul, ExceptionVector.DeviceNotAvailable)] // TS
    [InlineData("C5F81003", Paged, 0x620ul, 7ul, ExceptionVector.Undefined)] // no OSXSAVE
    [InlineData("C5F81003", Paged, 0x4_0620ul, 3ul, ExceptionVector.Undefined)] // AVX is off
    [InlineData("C5F81003", 0x8001_0009u, 0x4_0620ul, 7ul, ExceptionVector.DeviceNotAvailable)]
    public void Vectors_have_to_be_turned_on(string hex, uint cr0, ulong cr4, ulong xcr0, byte vector)
    {
        _machine.Processor.Xcr0 = xcr0;
        Load(hex, rbx: Address, cr0: cr0, cr4: cr4);
        Faults(vector);
    }

    [Fact]
    public void Real_mode_checks_limits_but_no_rights()
    {
        ModelBus.Trapped = _ => true;
        Load("8807", rbx: 0); // MOV [BX], AL
        _machine.Context->Width = CodeWidth.Bits16;
        _machine.SetPaging(new Cr0(0x10), default, 0);
        _machine.Context->Ds = new SegmentState(default, Address, 0xFFFF, new SegmentAttributes(0x9B)); // code
        _machine.Registers->Rbx = 4;
        Done();
        Assert.Equal([(Address + 4, 1, true)], _seen);
        Load("8907", rbx: 0);
        _machine.Context->Width = CodeWidth.Bits16;
        _machine.SetPaging(new Cr0(0x10), default, 0);
        _machine.Context->Ds = new SegmentState(default, Address, 0xFFFF, new SegmentAttributes(0x93));
        _machine.Registers->Rbx = 0xFFFF;
        Faults(ExceptionVector.GeneralProtection);
    }

    [Fact]
    public void Strings_stop_after_a_while()
    {
        Load("F3AA", rbx: 0);
        _machine.Registers->Rcx = 1000;
        _machine.Registers->Rdi = NativeLayout.FirstPages;
        MemoryInstruction instruction = _machine.Decode(15);
        Assert.Equal(EmulationOutcome.Done, InstructionExecution.Run<ModelBus>(_machine.Context, in instruction));
        Assert.True(_machine.Context->IsUnfinished);
        Assert.InRange(_seen.Count, 16, 256);
        Assert.Equal(1000ul - (ulong)_seen.Count, _machine.Registers->Rcx);
        Assert.Equal(NativeLayout.FirstPages + (ulong)_seen.Count, _machine.Registers->Rdi);
    }

    private void Load(
        string hex, ulong rbx, uint cr0 = Paged, ulong cr4 = 0x4_0620, int privilege = 3, ulong flags = 0)
    {
        NativeCase found = new() { Flags = 0x202 | flags };
        Convert.FromHexString(hex).CopyTo(new Span<byte>(found.Code, NativeCase.CodeSize));
        found.Registers.Rbx = rbx;
        _machine.Load(found, CodeWidth.Bits64);
        _machine.SetPaging(new Cr0(cr0), new Cr4(cr4), privilege);
    }

    private void Done() => Assert.Equal(EmulationOutcome.Done, _machine.Run(15));

    private void IsLeft()
    {
        GuestRegisters before = *_machine.Registers;
        Assert.Equal(EmulationOutcome.NotEmulated, _machine.Run(15));
        Assert.Equal(before, *_machine.Registers);
        Assert.Empty(_seen);
    }

    private void Faults(byte vector, uint errorCode = 0, ulong address = 0)
    {
        GuestRegisters before = *_machine.Registers;
        _seen.Clear();
        Assert.Equal(EmulationOutcome.Faulted, _machine.Run(15));
        Assert.Equal(vector, _machine.Context->Exception.Vector);
        Assert.Equal(errorCode, _machine.Context->Exception.ErrorCode);
        Assert.Equal(ExceptionVector.HasErrorCode(vector), _machine.Context->Exception.HasErrorCode);
        Assert.Equal(address, _machine.Context->FaultAddress);
        Assert.Equal(before, *_machine.Registers);
        Assert.Empty(_seen);
    }
}
