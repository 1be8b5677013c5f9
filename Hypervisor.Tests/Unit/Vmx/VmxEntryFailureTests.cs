using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>The report of a VM entry that failed.</summary>
public sealed unsafe class VmxEntryFailureTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public VmxEntryFailureTests()
    {
        VmxGuestFields.AddCapabilities(_machine.Bootstrap);
        VmxGuestFields.Fill(_machine.Bootstrap.Vmcs);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void An_exit_names_the_check_and_shows_the_VMCS()
    {
        SimulatedVmcs vmcs = _machine.Bootstrap.Vmcs;
        vmcs[(uint)VmcsField32.ExitReason] = 0x8000_0021;
        vmcs[(uint)Vmcs.AccessRights(SegmentName.Tr)] = 0x1_008B;
        VmxEntryFailure.ReportExit(_machine.Data);
        string log = _machine.LogText();
        Assert.Contains("*** hv: VM entry failed: invalid guest state (exit reason 0x80000021), qualification 0x0", log, StringComparison.Ordinal);
        Assert.Contains("failing check: guest TR: is unusable", log, StringComparison.Ordinal);
        string[] shown =
        [
            "exit reason 0x80000021", "event to inject 0x", "pin controls 0x0000003E NMI exiting, virtual NMIs", "guest rip 0xFFFF800000100000", "guest cr0 0x80050033",
            "guest TR selector 0x0040", "rights 0x1008B, unusable", "guest gdtr base 0x", "guest pat 0x0007040600070406", "host rip 0x", "host tr base 0x",
            "*** hv: end of report; processor 0 is stopped",
        ];
        Assert.All(shown, text => Assert.Contains(text, log, StringComparison.Ordinal));
        Assert.Equal(1, _machine.Bootstrap.Halts);
    }

    [Fact]
    public void Only_the_first_failure_is_reported()
    {
        VmxEntryFailure.ReportExit(_machine.Data);
        int length = _machine.LogText().TrimEnd('\0').Length;
        VmxEntryFailure.ReportInstruction(_machine.Data);
        Assert.Equal(length, _machine.LogText().TrimEnd('\0').Length);
        Assert.Equal(2, _machine.Bootstrap.Halts);
    }

    [Theory]
    [InlineData(0x8000_0021u, 2ul, "invalid guest state (exit reason 0x80000021), qualification 0x2, page-directory pointers")]
    [InlineData(0x8000_0021u, 3ul, "qualification 0x3, an NMI in the shadow of STI")]
    [InlineData(0x8000_0021u, 4ul, "qualification 0x4, the VMCS link pointer")]
    [InlineData(0x8000_0022u, 7ul, "loading of MSRs (exit reason 0x80000022), qualification 0x7, number of the entry")]
    [InlineData(0x8000_0029u, 0ul, "machine check during the entry")]
    public void Reasons_are_named(uint reason, ulong qualification, string expected)
    {
        _machine.Bootstrap.Vmcs[(uint)VmcsField32.ExitReason] = reason;
        _machine.Bootstrap.Vmcs[(uint)VmcsFieldNatural.ExitQualification] = qualification;
        VmxEntryFailure.ReportExit(_machine.Data);
        Assert.Contains(expected, _machine.LogText(), StringComparison.Ordinal);
        Assert.Contains("failing check: none of those known", _machine.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_instruction_that_failed_is_explained()
    {
        _machine.Bootstrap.Vmcs[(uint)VmcsField32.InstructionError] = 8;
        _machine.Bootstrap.Vmcs[(uint)VmcsField16.HostCsSelector] = 0xB;
        VmxEntryFailure.ReportInstruction(_machine.Data);
        Assert.Contains("*** hv: VM entry failed: VM entry: a host-state field is invalid (instruction error 8)", _machine.LogText(), StringComparison.Ordinal);
        Assert.Contains("failing check: host CS: is null, or RPL or TI is not 0", _machine.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_current_VMCS_the_report_still_ends()
    {
        _machine.Bootstrap.Vmcs.Absent.UnionWith(Enum.GetValues<VmcsField32>().Select(field => (uint)field));
        VmxEntryFailure.ReportInstruction(_machine.Data);
        Assert.Contains("no VMCS is current", _machine.LogText(), StringComparison.Ordinal);
        Assert.Contains("*** hv: end of report", _machine.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_of_the_report_is_cut_off()
    {
        SimulatedVmcs vmcs = _machine.Bootstrap.Vmcs;
        foreach (uint field in VmxGuestFields.All)
        {
            vmcs[field] = ulong.MaxValue;
        }

        VmxEntryFailure.ReportExit(_machine.Data);

        // A line's room is 224 bytes: the longest must leave some.
        string longest = _machine.LogText().TrimEnd('\0').Split('\n').MaxBy(line => line.Length)!;
        Assert.InRange(longest.Length, 100, 224);
        Assert.Contains("unrestricted guest", _machine.LogText(), StringComparison.Ordinal);
    }
}
