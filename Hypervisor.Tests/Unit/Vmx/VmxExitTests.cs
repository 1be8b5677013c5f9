using System;
using System.Linq;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>Every reason for an exit is answered.</summary>
public sealed unsafe class VmxExitTests : IDisposable
{
    private const uint Undefined = 0x8000_0306;
    private const uint GeneralProtection = 0x8000_0B0D;
    private const uint Nmi = 0x8000_0202;
    private const uint EnclaveBit = 1u << 27;
    private const ulong Resume = 1 << 16;
    private const uint ReasonsInUse = 128;

    private readonly IntelMachine _machine = new();

    public VmxExitTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
    }

    /// <summary>What has a purpose in this host; everything else must not come at all.</summary>
    private static readonly uint[] s_expected = [0, 2, 3, 4, 8, 9, 10, 11, 13, 18, .. Instructions, 28, 30, 31, 32, 48, 49, 55];

    /// <summary>VMCLEAR to VMXON, INVEPT, INVVPID, VMFUNC, SEAMCALL, TDCALL.</summary>
    private static uint[] Instructions => [19, 20, 21, 22, 23, 24, 25, 26, 27, 50, 53, 59, 76, 77];

    public static TheoryData<uint> UnexpectedReasons() =>
        [.. Enumerable.Range(0, (int)ReasonsInUse).Select(reason => (uint)reason).Append(0x3FFu).Append(0xFFFFu).Where(reason => !s_expected.Contains(reason))];

    public static TheoryData<uint> InstructionReasons() => [11, 18, .. Instructions];

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(UnexpectedReasons))]
    public void A_reason_that_nothing_asks_for_is_undefined_to_the_guest_and_named_once(uint reason)
    {
        for (uint i = 1; i <= 3; i++)
        {
            _machine.Exit((VmxExitReason)reason);
            Assert.Equal(Undefined, _machine.Injected);
            Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
            Assert.Equal(Resume, _machine.Flags & Resume);
            Assert.Equal(i, _machine.Data->Exits.Read(ExitCause.Other));
        }

        Assert.Equal(2, _machine.LogText().Split($"exit reason {reason} is not expected: #UD").Length);
    }

    [Theory]
    [MemberData(nameof(InstructionReasons))]
    public void Instructions_of_vmx_and_smx_are_undefined(uint reason)
    {
        string before = _machine.LogText();
        _machine.Exit((VmxExitReason)reason);
        Assert.Equal(Undefined, _machine.Injected);
        Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(reason == 18 ? ExitCause.Hypercall : ExitCause.VirtualizationInstruction));
        Assert.Equal(before, _machine.LogText());
    }

    [Theory]
    [InlineData(VmxExitReason.Cpuid, 0, InstructionKind.Done, ExitCause.Cpuid)]
    [InlineData(VmxExitReason.Invd, 0, InstructionKind.Done, ExitCause.Invd)]
    [InlineData(VmxExitReason.Io, 0x0080_0000, InstructionKind.Done, ExitCause.Port)]
    [InlineData(VmxExitReason.Rdmsr, 0, InstructionKind.Faults, ExitCause.MsrRead)]
    [InlineData(VmxExitReason.Wrmsr, 0, InstructionKind.Faults, ExitCause.MsrWrite)]
    [InlineData(VmxExitReason.Xsetbv, 0, InstructionKind.Faults, ExitCause.Xsetbv)]
    [InlineData(VmxExitReason.ControlRegister, 0, InstructionKind.Again, ExitCause.ControlRegister)]
    [InlineData(VmxExitReason.ControlRegister, 4, InstructionKind.Faults, ExitCause.ControlRegister)]
    public void Instructions_with_a_policy_end_fault_or_are_executed_again(VmxExitReason reason, ulong qualification, InstructionKind kind, ExitCause cause)
    {
        // All registers are 0: no such MSR, XCR0 without x87, CR0 without NE.
        _machine.Exit(reason, qualification);
        Assert.Equal(kind == InstructionKind.Faults ? GeneralProtection : 0, _machine.Injected);
        Assert.Equal(SimulatedMachine.GuestRip + (kind == InstructionKind.Done ? IntelMachine.InstructionLength : 0), _machine.Rip);
        Assert.Equal(1u, _machine.Data->Exits.Read(cause));
    }

    [Fact]
    public void No_expected_reason_is_forgotten_here()
    {
        uint[] others = [0, 2, 3, 4, 8, 9, 48, 49]; // they have tests of their own
        uint[] policies = [10, 13, 28, 30, 31, 32, 55];
        Assert.Equal(s_expected.Order(), [.. ((uint[])[.. others, .. policies, 11, 18, .. Instructions]).Order()]);
        Assert.All(Enum.GetValues<VmxExitReason>(), reason => Assert.InRange((uint)reason, 0u, ReasonsInUse - 1));
    }

    [Fact]
    public void A_triple_fault_resets_the_machine()
    {
        _machine.Exit(VmxExitReason.TripleFault);
        Assert.Equal([(0xCF9, 1, 2u), (0xCF9, 1, 6u), (0x64, 1, 0xFEu)], _machine.Bootstrap.Outputs);
        Assert.Equal(1, _machine.Bootstrap.Halts);
        Assert.Contains("triple fault", _machine.LogText());
    }

    [Fact]
    public void Invd_writes_back_instead()
    {
        _machine.Exit(VmxExitReason.Invd, length: 2);
        Assert.Equal(1, _machine.Bootstrap.WriteBacks);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Rip);
    }

    [Fact]
    public void An_nmi_is_the_guests()
    {
        _machine.ExitByNmi();
        Assert.Equal(Nmi, _machine.Injected);
    }

    [Fact]
    public void A_misconfigured_table_stops_the_host()
    {
        HostDefectException defect = Assert.Throws<HostDefectException>(() => _machine.Exit(VmxExitReason.EptMisconfiguration));
        Assert.Contains("EPT misconfiguration", defect.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_that_the_tables_refuse_without_a_reason_faults_and_is_named_once()
    {
        for (uint i = 1; i <= 3; i++)
        {
            _machine.ExitByMemory(0x7F_0000_0000);
            Assert.Equal(GeneralProtection, _machine.Injected);
            Assert.Equal(SimulatedMachine.GuestRip, _machine.Rip);
            Assert.Equal(i, _machine.Data->Exits.Read(ExitCause.UnexpectedMemory));
        }

        Assert.Equal(2, _machine.LogText().Split("no memory is mapped").Length);
    }

    [Theory]
    [InlineData(33u)]
    [InlineData(34u)]
    [InlineData(41u)]
    [InlineData(10u)]
    [InlineData(3u)]
    [InlineData(127u)]
    public void An_entry_that_failed_is_reported_and_stops_the_processor(uint reason)
    {
        _machine.Exit((VmxExitReason)(reason | VmxEntryFailure.FailureBit));
        Assert.Contains("*** hv: VM entry failed", _machine.LogText());
        Assert.Equal(1, _machine.Bootstrap.Halts);
    }

    [Theory]
    [InlineData(VmxExitReason.Cpuid)]
    [InlineData(VmxExitReason.Invd)]
    public void An_exit_from_an_enclave_is_one_like_any_other(VmxExitReason reason)
    {
        // Bit 27 of the reason says so (Intel SDM vol 3 table 24-14).
        _machine.Exit((VmxExitReason)((uint)reason | EnclaveBit));
        Assert.Equal(0u, _machine.Injected);
        Assert.Equal(SimulatedMachine.GuestRip + IntelMachine.InstructionLength, _machine.Rip);
    }

    [Fact]
    public void Init_reaches_a_processor_in_an_enclave_too()
    {
        _machine.Start(1);
        _machine.Exit((VmxExitReason)((uint)VmxExitReason.Init | EnclaveBit), index: 1);
        Assert.Equal((uint)VmxActivityState.WaitForSipi, _machine.Get(VmcsField32.GuestActivityState, 1));
    }

    [Fact]
    public void The_last_exits_are_remembered()
    {
        for (ulong i = 0; i < 20; i++)
        {
            _machine.Exit(VmxExitReason.Vmread, i, i * 2);
        }

        for (uint age = 0; age < ExitTrace.Capacity; age++)
        {
            ExitRecord record = _machine.Data->Trace.Read(age);
            Assert.Equal(((ulong)VmxExitReason.Vmread, SimulatedMachine.GuestRip, 19ul - age), (record.Code, record.Rip, record.Info1));
        }
    }

    [Fact]
    public void The_hosts_own_calls_are_answered()
    {
        _machine.Rip = SimulatedMachine.DriverBase + 8;
        _machine.Data->Registers.Rax = HypercallProtocol.Signature;
        _machine.Data->Registers.Rcx = (ulong)HypercallFunction.ExitBootServices;
        _machine.Exit(VmxExitReason.Vmcall);
        Assert.Equal(1u, _machine.Machine->BootServicesExited);
        Assert.Equal((0u, SimulatedMachine.DriverBase + 8 + IntelMachine.InstructionLength), (_machine.Injected, _machine.Rip));
    }

    [Fact]
    public void The_firmware_cannot_be_left_from_user_mode()
    {
        IntelGuestCode.EnterUserMode(_machine);
        _machine.Rip = SimulatedMachine.DriverBase + 8;
        _machine.Data->Registers.Rax = HypercallProtocol.Signature;
        _machine.Data->Registers.Rcx = (ulong)HypercallFunction.ExitBootServices;
        _machine.Exit(VmxExitReason.Vmcall);
        Assert.Equal(0u, _machine.Machine->BootServicesExited);
        Assert.Equal(Undefined, _machine.Injected);
    }

    /// <summary>What becomes of an instruction.</summary>
    public enum InstructionKind
    {
        /// <summary>It is done for the guest.</summary>
        Done,

        /// <summary>It raises #GP(0).</summary>
        Faults,

        /// <summary>The guest executes it again.</summary>
        Again,
    }
}
