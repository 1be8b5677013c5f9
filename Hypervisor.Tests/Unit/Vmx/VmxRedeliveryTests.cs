using System;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Events that an exit interrupted, and faults on top of them .</summary>
public sealed unsafe class VmxRedeliveryTests : IDisposable
{
    private const uint ExternalInterrupt = 0x8000_0031;
    private const uint Nmi = 0x8000_0202;
    private const uint PageFault = 0x8000_0B0E;
    private const uint Undefined = 0x8000_0306;
    private const uint GeneralProtection = 0x8000_0B0D;
    private const uint DoubleFault = 0x8000_0B08;
    private const uint SoftwareInterrupt = 0x8000_0480;
    private const uint Int1 = 0x8000_0501;
    private const uint Int3 = 0x8000_0603;
    private const uint ReservedAtEntry = 1u << 12;
    private const ulong NmiUnblocked = 1 << 12;
    private const ulong WriteInDelivery = 0x82;
    private const ulong Nowhere = 0x7F_0000_0000;

    private readonly IntelMachine _machine = new();

    public VmxRedeliveryTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    private ulong Protected => _machine.Options.RegionBase + 0x5000;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(ExternalInterrupt, 0u)]
    [InlineData(PageFault, 6u)]
    [InlineData(GeneralProtection, 0xFFF8u)]
    [InlineData(Undefined, 0u)]
    public void An_interrupted_event_is_delivered_again(uint information, uint errorCode)
    {
        // Its frame goes to the host's memory.
        _machine.Interrupted = (information | ReservedAtEntry, errorCode);
        _machine.ExitByMemory(Protected, WriteInDelivery);
        Assert.Equal(information, _machine.Injected);
        Assert.Equal(errorCode, _machine.InjectedErrorCode);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
    }

    [Theory]
    [InlineData(ExternalInterrupt)]
    [InlineData(PageFault)]
    [InlineData(SoftwareInterrupt)]
    public void The_flags_that_a_delivery_pushes_are_the_guests(uint information)
    {
        // The delivery is no instruction that a trap flag could stop behind, and with IF 0 a processor refuses to inject an interrupt (Intel SDM vol 3 §26.3.1.4).
        _machine.Interrupted = (information, 0);
        _machine.ExitByMemory(Protected, WriteInDelivery);
        Assert.Equal(0x202ul, _machine.Flags);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(Protected).Physical);

        // The next exit, in the handler, where interrupts are off, shuts the door and leaves the flags alone.
        _machine.Flags = 2;
        _machine.Exit(VmxExitReason.Invd);
        Assert.Equal(2ul, _machine.Flags);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Ept(Protected).Physical);
        Assert.False(_machine.Data->Step.Active);
    }

    [Fact]
    public void A_delivery_may_write_across_pages_and_an_instruction_behind_it_begins_anew()
    {
        _machine.Interrupted = (PageFault, 2);
        _machine.ExitByMemory(Protected + 0xFF8, WriteInDelivery);
        _machine.Interrupted = (PageFault, 2);
        _machine.ExitByMemory(Protected + 0x1000, WriteInDelivery);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(Protected).Physical);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(Protected + 0x1000).Physical);

        _machine.Flags = 2;
        _machine.ExitByMemory(Protected + 0x2000);
        Assert.Equal(_machine.Machine->ZeroPage, _machine.Ept(Protected).Physical);
        Assert.Equal(_machine.Machine->ScratchPage, _machine.Ept(Protected + 0x2000).Physical);
        Assert.Equal(0x102ul, _machine.Flags);
        Assert.False(_machine.Data->Step.GuestInterruptFlag);
    }

    [Theory]
    [InlineData(SoftwareInterrupt, 2u)]
    [InlineData(Int1, 1u)]
    [InlineData(Int3, 1u)]
    [InlineData(0x8000_0604u, 3u)]
    public void An_event_of_an_instruction_needs_its_length(uint information, uint length)
    {
        _machine.Interrupted = (information, 0);
        _machine.Exit(VmxExitReason.EptViolation, WriteInDelivery, Protected, length);
        Assert.Equal(information, _machine.Injected);
        Assert.Equal(length, _machine.Get(VmcsField32.EntryInstructionLength));
    }

    [Fact]
    public void An_interrupted_nmi_is_not_blocked_by_itself()
    {
        _machine.Blocking = VmxInterruptibility.BlockingByNmi;
        _machine.Interrupted = (Nmi, 0);
        _machine.ExitByMemory(Protected, WriteInDelivery | NmiUnblocked);
        Assert.Equal(Nmi, _machine.Injected);
        Assert.Equal(VmxInterruptibility.None, _machine.Blocking);
    }

    [Theory]
    [InlineData(NmiUnblocked, VmxInterruptibility.BlockingByNmi)]
    [InlineData(0, VmxInterruptibility.None)]
    public void An_iret_that_had_unblocked_nmis_before_its_access_failed_will_do_so_again(ulong unblocked, VmxInterruptibility expected)
    {
        _machine.ExitByMemory(Protected, 0x182 | unblocked);
        Assert.Equal(expected, _machine.Blocking);
    }

    [Fact]
    public void An_event_is_not_delivered_twice()
    {
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
        _machine.Interrupted = (0x202, 0); // not valid
        _machine.Exit(VmxExitReason.Cpuid);
        Assert.Equal(0u, _machine.Injected);
    }

    [Theory]
    [InlineData(ExternalInterrupt, GeneralProtection)]
    [InlineData(Nmi, GeneralProtection)]
    [InlineData(Undefined, GeneralProtection)]
    [InlineData(0x8000_0301u, GeneralProtection)]
    [InlineData(GeneralProtection, DoubleFault)]
    [InlineData(PageFault, DoubleFault)]
    [InlineData(0x8000_0B0Au, DoubleFault)]
    [InlineData(0x8000_0300u, DoubleFault)]
    public void A_fault_meets_the_event_in_whose_delivery_it_happens(uint interrupted, uint expected)
    {
        // Intel SDM vol 3 table 6-5: an access that nothing explains raises #GP(0).
        _machine.Interrupted = (interrupted, 4);
        _machine.ExitByMemory(Nowhere, WriteInDelivery);
        Assert.Equal(expected, _machine.Injected);
        Assert.Equal(0u, _machine.InjectedErrorCode);
        Assert.Equal(0, _machine.Bootstrap.Halts);
    }

    [Fact]
    public void A_fault_in_the_delivery_of_a_double_fault_resets_the_machine()
    {
        _machine.Interrupted = (DoubleFault, 0);
        _machine.ExitByMemory(Nowhere, WriteInDelivery);
        Assert.Contains(((ushort)0xCF9, 1, 6u), _machine.Bootstrap.Outputs);
    }

    [Fact]
    public void Real_mode_has_no_error_codes()
    {
        IntelGuestCode.EnterRealMode(_machine, 0x1000);
        _machine.ExitByMemory(Nowhere);
        Assert.Equal(0x8000_030Du, _machine.Injected);
    }

    [Fact]
    public void A_task_switch_takes_the_event_with_it()
    {
        _machine.Interrupted = (ExternalInterrupt, 0);
        _machine.Exit(VmxExitReason.TaskSwitch);
        Assert.NotEqual(ExternalInterrupt, _machine.Injected);
    }
}
