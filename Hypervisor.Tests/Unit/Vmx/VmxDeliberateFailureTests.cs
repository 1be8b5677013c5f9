using System;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Svm;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>VM entries that fail on purpose.</summary>
public sealed unsafe class VmxDeliberateFailureTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public VmxDeliberateFailureTests()
    {
        VmxGuestFields.AddCapabilities(_machine.Bootstrap);
        VmxGuestFields.Fill(_machine.Bootstrap.Vmcs);
        _machine.Machine->BootServicesExited = 1;
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(DeliberateFault.Kind.EntryCr0, "guest CR0: a bit differs")]
    [InlineData(DeliberateFault.Kind.EntryRFlags, "guest RFLAGS: reserved bits are set, or bit 1 is 0")]
    [InlineData(DeliberateFault.Kind.EntryTr, "guest TR: is unusable")]
    [InlineData(DeliberateFault.Kind.EntryLink, "VMCS link pointer: is neither")]
    [InlineData(DeliberateFault.Kind.EntryMsr, "")]
    [InlineData(DeliberateFault.Kind.EntryHostCs, "host CS: is null")]
    [InlineData(DeliberateFault.Kind.EntryControls, "pin-based controls: one is off")]
    public void Each_kind_breaks_the_rule_it_is_meant_to(DeliberateFault.Kind kind, string expected)
    {
        _machine.Machine->DeliberateFault = (uint)kind;
        VmxDeliberateFailure.Check(_machine.Data);
        VmcsViolation found = VmcsCheck.Violation();
        Assert.StartsWith(expected, $"{Encoding.UTF8.GetString(found.Field)}: {Encoding.UTF8.GetString(found.Rule)}", StringComparison.Ordinal);
        Assert.Equal(expected.Length != 0, found.Exists);
        Assert.NotEmpty(_machine.Bootstrap.Vmcs.Writes);

        // Once only.
        _machine.Bootstrap.Vmcs.Writes.Clear();
        VmxDeliberateFailure.Check(_machine.Data);
        Assert.Empty(_machine.Bootstrap.Vmcs.Writes);
    }

    [Fact]
    public void A_list_of_MSRs_names_one_that_must_not_be_loaded()
    {
        _machine.Machine->DeliberateFault = (uint)DeliberateFault.Kind.EntryMsr;
        VmxDeliberateFailure.Check(_machine.Data);
        Assert.Equal(1u, _machine.Bootstrap.Vmcs[(uint)VmcsField32.EntryMsrLoadCount]);
        Assert.Equal(0xC000_0100u, *(ulong*)_machine.Bootstrap.Vmcs[(uint)VmcsField64.EntryMsrLoad]);
    }

    [Fact]
    public void Nothing_fails_before_the_firmware_has_handed_over_or_unasked()
    {
        VmxDeliberateFailure.Check(_machine.Data);
        _machine.Machine->BootServicesExited = 0;
        _machine.Machine->DeliberateFault = (uint)DeliberateFault.Kind.EntryTr;
        VmxDeliberateFailure.Check(_machine.Data);
        Assert.Empty(_machine.Bootstrap.Vmcs.Writes);
        Assert.Equal((uint)DeliberateFault.Kind.EntryTr, _machine.Machine->DeliberateFault);
    }

    [Fact]
    public void Faults_that_every_processor_knows_are_raised_too()
    {
        _machine.Machine->DeliberateFault = (uint)DeliberateFault.Kind.Bounds;
        Assert.Throws<IndexOutOfRangeException>(() => VmxDeliberateFailure.Check(_machine.Data));
    }

    [Fact]
    public void On_AMD_an_entry_failure_is_ignored_with_a_warning()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Machine->DeliberateFault = (uint)DeliberateFault.Kind.EntryTr;
        _machine.Exit(SvmExitCode.Invd);
        _machine.Exit(SvmExitCode.Invd);
        Assert.Equal(0u, _machine.Machine->DeliberateFault);
        Assert.Single(_machine.LogText().Split("only Intel's can")[1..]);
    }
}
