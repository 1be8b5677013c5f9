using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Diagnostics;

public sealed unsafe class HypercallTests : IDisposable
{
    private const ulong Undefined = (1ul << 31) | (3ul << 8) | 6;
    private const ulong Driver = SimulatedMachine.DriverBase;

    private readonly SimulatedMachine _machine = new(new MachineOptions { Host = new HostOptions { Status = true } });

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_signature_is_readable_text()
    {
        Assert.Equal("hv-call\0"u8, BitConverter.GetBytes(HypercallProtocol.Signature));
    }

    [Theory]
    [InlineData(Driver)]
    [InlineData(Driver + SimulatedMachine.DriverSize - 1)]
    public void The_drivers_notice_is_believed_once(ulong rip)
    {
        Call(HypercallProtocol.Signature, 1, rip);
        AssertAnswered(rip);
        Assert.Equal(0ul, _machine.Vmcb->Rax);
        Assert.Equal(1u, _machine.Machine->BootServicesExited);
        Assert.Equal(1u, _machine.Data->Startup.StartedByOs);
        Call(HypercallProtocol.Signature, 1, rip);
        AssertUndefined(rip);
    }

    [Theory]
    [InlineData(Driver - 1, 0)]
    [InlineData(Driver + SimulatedMachine.DriverSize, 0)]
    [InlineData(Driver + 0x10, 3)]
    [InlineData(Driver + 0x10, 1)]
    [InlineData(0x1000ul, 0)]
    public void Nobody_elses_notice_is(ulong rip, int privilege)
    {
        Call(HypercallProtocol.Signature, 1, rip, privilege);
        AssertUndefined(rip);
        Assert.Equal(0u, _machine.Machine->BootServicesExited);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(HypercallProtocol.Signature + 1)]
    [InlineData(HypercallProtocol.Signature | (1ul << 63))]
    [InlineData(HypercallProtocol.Signature & 0xFFFF_FFFF)]
    public void Without_the_signature_the_instruction_is_undefined(ulong signature)
    {
        for (ulong function = 0; function < 5; function++)
        {
            Call(signature, function, Driver);
            AssertUndefined(Driver);
            Assert.Equal((signature, function), (_machine.Vmcb->Rax, _machine.Data->Registers.Rcx));
        }
    }

    [Fact]
    public void The_change_of_virtual_addresses_is_believed_once_of_the_driver_in_kernel_mode()
    {
        const ulong function = (ulong)HypercallFunction.VirtualAddressChange;
        Call(HypercallProtocol.Signature, function, 0x1000);
        AssertUndefined(0x1000);
        Call(HypercallProtocol.Signature, function, Driver, 3);
        AssertUndefined(Driver);
        Assert.Equal(0u, _machine.Machine->OperatingSystemRuns);
        Call(HypercallProtocol.Signature, function, Driver);
        AssertAnswered(Driver);
        Assert.Equal(1u, _machine.Machine->OperatingSystemRuns);
        Call(HypercallProtocol.Signature, function, Driver);
        AssertUndefined(Driver);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(6ul)]
    [InlineData(0x1_0000_0002ul)]
    [InlineData(ulong.MaxValue)]
    public void Unknown_functions_are_undefined(ulong function)
    {
        Call(HypercallProtocol.Signature, function, Driver);
        AssertUndefined(Driver);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Exits_are_counted_for_any_privilege(int privilege)
    {
        _machine.Exit(SvmExitCode.VmLoad);
        _machine.Exit(SvmExitCode.VmLoad);
        _machine.Data->Registers.Rdx = 0;
        _machine.Data->Registers.R8 = (ulong)ExitCause.VirtualizationInstruction;
        Call(HypercallProtocol.Signature, 2, 0x1000, privilege);
        AssertAnswered(0x1000);
        Assert.Equal(2ul, _machine.Vmcb->Rax);
    }

    [Theory]
    [InlineData(2ul, 0ul)]
    [InlineData(0ul, (ulong)ExitCause.Last)]
    [InlineData(0ul, ulong.MaxValue)]
    [InlineData(0x1_0000_0000ul, 0ul)]
    [InlineData(ulong.MaxValue, 0ul)]
    public void Processors_and_causes_that_do_not_exist_are_undefined(ulong processor, ulong cause)
    {
        _machine.Data->Registers.Rdx = processor;
        _machine.Data->Registers.R8 = cause;
        Call(HypercallProtocol.Signature, 2, 0x1000);
        AssertUndefined(0x1000);
    }

    [Fact]
    public void Processors_and_their_starts_are_told()
    {
        _machine[1]->Startup.Starts = 7;
        _machine.Data->Registers.Rdx = 1;
        Call(HypercallProtocol.Signature, 3, 0x1000, 3);
        AssertAnswered(0x1000);
        Assert.Equal((2ul, 7ul), (_machine.Vmcb->Rax, _machine.Data->Registers.Rdx));
        _machine.Data->Registers.Rdx = 2;
        Call(HypercallProtocol.Signature, 3, 0x1000, 3);
        AssertUndefined(0x1000);
    }

    [Fact]
    public void Status_is_undefined_where_it_is_switched_off()
    {
        _machine.Machine->StatusHypercall = false;
        for (ulong function = 2; function < 4; function++)
        {
            _machine.Data->Registers.Rdx = 0;
            _machine.Data->Registers.R8 = 0;
            Call(HypercallProtocol.Signature, function, 0x1000);
            AssertUndefined(0x1000);
        }

        Call(HypercallProtocol.Signature, 1, Driver);
        AssertAnswered(Driver);
    }

    [Fact]
    public void Status_is_off_unless_the_configuration_switches_it_on()
    {
        using SimulatedMachine machine = new(new MachineOptions { RegionBase = 0x6000_0000 });
        Assert.False(machine.Machine->StatusHypercall);
    }

    private void Call(ulong signature, ulong function, ulong rip, int privilege = 0)
    {
        _machine.Vmcb->Rax = signature;
        _machine.Vmcb->Rip = rip;
        _machine.Vmcb->NextRip = rip + 3;
        _machine.Vmcb->Cpl = (byte)privilege;
        _machine.Vmcb->Cs.Attributes = 0xA9B;
        _machine.Data->Registers.Rcx = function;
        _machine.Exit(SvmExitCode.VmmCall);
    }

    private void AssertAnswered(ulong rip)
    {
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
        Assert.Equal(rip + 3, _machine.Vmcb->Rip);
    }

    private void AssertUndefined(ulong rip)
    {
        Assert.Equal(Undefined, _machine.Vmcb->EventInjection);
        Assert.Equal(rip, _machine.Vmcb->Rip);
    }
}
