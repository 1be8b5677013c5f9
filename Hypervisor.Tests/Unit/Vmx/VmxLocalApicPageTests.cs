using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Writes to the local APIC page while it is trapped, and the end of the trap .</summary>
public sealed unsafe class VmxLocalApicPageTests : IDisposable
{
    private const uint Value = 0x8123_4567;
    private const uint Init = 0x4500;
    private const uint Startup = 0x4610;
    private const uint High = SimulatedLocalApic.CommandHigh;
    private const int Rcx = 1;
    private const int Rsp = 4;

    private static readonly byte[] s_store = [0x89, 0x0B]; // MOV [RBX], ECX

    private IntelMachine _machine = new();

    public VmxLocalApicPageTests()
    {
        StartOperatingSystem();
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(new byte[] { 0x89, 0x0B }, Rcx)]
    [InlineData(new byte[] { 0x44, 0x89, 0x3B }, 15)]
    [InlineData(new byte[] { 0x89, 0x23 }, Rsp)]
    [InlineData(new byte[] { 0xC7, 0x03, 0x67, 0x45, 0x23, 0x81 }, -1)]
    [InlineData(new byte[] { 0xA3, 0, 0, 0xE0, 0xFE, 0, 0, 0, 0 }, 0)]
    public void A_32_bit_store_is_carried_out(byte[] code, int register)
    {
        Write(code, register, Value, SimulatedLocalApic.TaskPriority);
        Assert.Equal((SimulatedLocalApic.TaskPriority, Value), Assert.Single(_machine.Bootstrap.Apic.Writes));
        Assert.Equal(SimulatedMachine.GuestRip + (ulong)code.Length, _machine.Rip);
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(1u, _machine.Data->Exits.Read(ExitCause.LocalApic));
        Assert.False(_machine.Data->Step.Active);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stores_of_16_and_32_bit_code_are_carried_out(bool real)
    {
        if (real)
        {
            IntelGuestCode.EnterRealMode(_machine, 0x1000);
        }
        else
        {
            IntelGuestCode.EnterProtectedMode(_machine);
        }

        _machine.Rip = 0x100;
        byte[] code = real ? [0x66, 0x67, 0xA3, 0xB0, 0, 0xE0, 0xFE] : [0xA3, 0xB0, 0, 0xE0, 0xFE];
        code.CopyTo(new Span<byte>(_machine.Guest(_machine.Get(VmcsFieldNatural.GuestCsBase) + 0x100), code.Length));
        _machine.Data->Registers.Rax = Value;
        _machine.ExitByMemory(SimulatedProcessor.ApicPage + 0x80);
        Assert.Equal((0x80u, Value), Assert.Single(_machine.Bootstrap.Apic.Writes));
        Assert.Equal(0x100 + (ulong)code.Length, _machine.Rip);
    }

    [Theory]
    [InlineData(new byte[] { 0x81, 0x0B, 0, 1, 0, 0 })]
    [InlineData(new byte[] { 0x87, 0x0B })]
    [InlineData(new byte[] { 0x48, 0x89, 0x0B })]
    [InlineData(new byte[] { 0xF3, 0xAB })]
    public void The_guest_executes_any_other_store_itself(byte[] code)
    {
        Write(code, Rcx, Value, SimulatedLocalApic.TaskPriority);
        Assert.Empty(_machine.Bootstrap.Apic.Writes);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.Equal(EptRights.Full, Rights());
        EndStep();
        Assert.Equal(EptRights.ReadOnly, Rights());
        Assert.Equal(0x202ul, _machine.Flags);
        Assert.Equal(0u, _machine.Injected);
    }

    [Fact]
    public void No_other_store_reaches_the_command_register()
    {
        Write([0x87, 0x0B], Rcx, Init, SimulatedLocalApic.CommandLow);
        Assert.Empty(_machine.Bootstrap.Apic.Writes);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Rip);
        Assert.Contains("unusual write to the interrupt command register", _machine.LogText());
    }

    [Fact]
    public void A_traced_store_ends_in_a_single_step()
    {
        IntelGuestCode.Write(_machine, s_store);
        _machine.Flags |= 0x100;
        _machine.ExitByMemory(SimulatedProcessor.ApicPage + 0x80);
        Assert.Equal(VmxPendingDebug.SingleStep, _machine.PendingDebug);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Rip);
    }

    [Fact]
    public void Other_commands_leave_as_they_are()
    {
        _machine.Bootstrap.Apic[High] = 0x0300_0000;
        Write(s_store, Rcx, 0x40FB, SimulatedLocalApic.CommandLow);
        Assert.Equal(new ApicCommand(0x40FB, 3), Assert.Single(_machine.Bootstrap.Apic.Commands));
    }

    [Fact]
    public void The_trap_goes_as_soon_as_the_host_is_on_all_processors()
    {
        Assert.Equal(EptRights.ReadOnly, Rights());
        Take(1);
        Assert.Equal(0u, _machine.Machine->ApicTrapWanted);
        Assert.True(IsCommandTrapped(Msr.X2ApicInterruptCommand)); // until somebody sends one
        Write(s_store, Rcx, Value, SimulatedLocalApic.TaskPriority);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip); // executed again, natively
        Assert.Equal(EptRights.Full, Rights());
        Assert.False(IsCommandTrapped(Msr.X2ApicInterruptCommand) || IsCommandTrapped(Msr.ApicBase));
        Assert.NotEmpty(_machine.Bootstrap.EptInvalidations);
        Assert.Equal(EptRights.ReadOnly, Rights(1)); // each processor for itself
        Write(s_store, Rcx, Value, SimulatedLocalApic.TaskPriority, index: 1);
        Assert.Equal(EptRights.Full, Rights(1));
    }

    [Fact]
    public void It_stays_while_the_firmware_starts_processors()
    {
        _machine.Machine->OperatingSystemRuns = 0;
        Take(1);
        Assert.Equal(ApicTrap.Wanted, _machine.Machine->ApicTrapWanted);
        Write(s_store, Rcx, Value, SimulatedLocalApic.TaskPriority);
        Assert.Equal(EptRights.ReadOnly, Rights());
    }

    [Fact]
    public void It_stays_while_one_processor_is_still_with_the_firmware()
    {
        Use(new MachineOptions { Processors = 3 });
        Take(1);
        Assert.Equal(ApicTrap.Wanted, _machine.Machine->ApicTrapWanted);
        Take(2);
        Assert.Equal(0u, _machine.Machine->ApicTrapWanted);
    }

    [Fact]
    public void It_stays_for_ever_where_the_configuration_keeps_it()
    {
        Use(new MachineOptions { Host = new HostOptions { KeepApicTrap = true } });
        Take(1);
        Write(s_store, Rcx, Value, SimulatedLocalApic.TaskPriority);
        Assert.Equal(EptRights.ReadOnly, Rights());
        Assert.True(IsCommandTrapped(Msr.X2ApicInterruptCommand) && IsCommandTrapped(Msr.ApicBase));
        Assert.Equal((SimulatedLocalApic.TaskPriority, Value), _machine.Bootstrap.Apic.Writes[^1]);
    }

    [Fact]
    public void In_x2apic_mode_the_command_drops_it()
    {
        Use(new MachineOptions { X2Apic = true });
        IntelGuestCode.EnterLongMode(_machine);
        SendX2Apic(((ulong)SimulatedMachine.ApicId(1) << 32) | Init);
        _machine.Bootstrap.Apic.Sent = command => Arrive(command, 1);
        SendX2Apic(((ulong)SimulatedMachine.ApicId(1) << 32) | Startup);
        _machine.Bootstrap.Apic.Sent = null;
        Assert.True(IsCommandTrapped(Msr.X2ApicInterruptCommand));
        _machine.Bootstrap.Apic.Commands.Clear();
        SendX2Apic(0x0000_0003_0000_0040);
        Assert.False(IsCommandTrapped(Msr.X2ApicInterruptCommand));
        Assert.Equal(new ApicCommand(0x40, 3), Assert.Single(_machine.Bootstrap.Apic.Commands));
    }

    [Fact]
    public void The_first_start_goes_by_the_host_and_ends_at_the_guests_vector()
    {
        Take(1);
        Assert.Equal(0x1000, _machine.Get(VmcsField16.GuestCsSelector, 1));
        Assert.Equal(0u, _machine[1]->Startup.Request);
        Assert.Equal(1u, _machine[1]->Startup.Starts);
        byte hostVector = (byte)(SimulatedMachine.LowPage >> 12);
        Assert.Contains(_machine.Bootstrap.Apic.Commands, command => command.IsInit);
        Assert.Contains(_machine.Bootstrap.Apic.Commands, command => command.IsStartup && (byte)command.Low == hostVector);
        Assert.DoesNotContain(_machine.Bootstrap.Apic.Commands, command => command.IsStartup && (byte)command.Low == 0x10);
    }

    private void Use(MachineOptions options)
    {
        _machine.Dispose();
        _machine = new IntelMachine(options);
        StartOperatingSystem();
    }

    /// <summary>Starts from here on are an operating system's, which runs on the first processor.</summary>
    private void StartOperatingSystem()
    {
        _machine.Machine->BootServicesExited = 1;
        _machine.Machine->OperatingSystemRuns = 1;
        _machine.Data->Startup.StartedByOs = 1;
    }

    private EptRights Rights(int index = 0) => (EptRights)_machine.Ept(SimulatedProcessor.ApicPage, index).Rights;

    private bool IsCommandTrapped(uint msr) => VmxMsrBitmap.Exits(_machine.Machine->MsrPermissionMap, msr, write: true);

    private void Write(byte[] code, int register, uint value, uint offset, int index = 0)
    {
        IntelGuestCode.Write(_machine, code, index);
        if (register == Rsp)
        {
            _machine.Set(VmcsFieldNatural.GuestRsp, value, index);
        }
        else if (register >= 0)
        {
            ((ulong*)&_machine[index]->Registers)[register] = 0xFFFF_FFFF_0000_0000 | value;
        }

        _machine.ExitByMemory(SimulatedProcessor.ApicPage + offset, index: index);
    }

    private void EndStep()
    {
        const ulong singleStep = 1 << 14;
        _machine.Arrived = (0x8000_0301, 0);
        _machine.Exit(VmxExitReason.ExceptionOrNmi, singleStep);
    }

    /// <summary>The guest starts a processor that the host does not have yet.</summary>
    private void Take(int index)
    {
        _machine.Bootstrap.Apic[High] = SimulatedMachine.ApicId(index) << 24;
        Write(s_store, Rcx, Init, SimulatedLocalApic.CommandLow);
        _machine.Bootstrap.Apic.Sent = command => Arrive(command, index);
        Write(s_store, Rcx, Startup, SimulatedLocalApic.CommandLow);
        _machine.Bootstrap.Apic.Sent = null;
        Assert.Equal(1u, _machine[index]->Startup.TakenOver);
    }

    private void Arrive(ApicCommand command, int index)
    {
        if (command.IsStartup)
        {
            Instructions.Processor = _machine.Processors[index];
            VmxStartup.Arrive(_machine[index]);
            _machine.Enter(index);
            Instructions.Processor = _machine.Bootstrap;
        }
    }

    private void SendX2Apic(ulong command)
    {
        _machine.Data->Registers.Rcx = Msr.X2ApicInterruptCommand;
        _machine.Data->Registers.Rax = (uint)command;
        _machine.Data->Registers.Rdx = command >> 32;
        _machine.Exit(VmxExitReason.Wrmsr);
        Assert.Equal(0u, _machine.Injected);
    }
}
