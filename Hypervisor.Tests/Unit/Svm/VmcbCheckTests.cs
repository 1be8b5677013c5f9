using System;
using System.Text;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class VmcbCheckTests : IDisposable
{
    private const ulong LongMode = (1ul << 8) | (1ul << 10) | (1ul << 12);
    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_block_that_the_host_builds_violates_nothing() => Assert.Equal(string.Empty, Violation());

    [Fact]
    public void Each_violation_is_named()
    {
        AssertViolation("SVME", () => _machine.Vmcb->Efer = 0);
        AssertViolation("EFER has reserved", () => _machine.Vmcb->Efer |= 1ul << 40);
        AssertViolation("NW", () => _machine.Vmcb->Cr0 = (_machine.Vmcb->Cr0 | (1ul << 29)) & ~(1ul << 30));
        AssertViolation("upper bits", () => _machine.Vmcb->Dr7 |= 1ul << 33);
        AssertViolation("upper bits", () => _machine.Vmcb->Cr0 |= 1ul << 32);
        AssertViolation("PAE", () => (_machine.Vmcb->Efer, _machine.Vmcb->Cr0, _machine.Vmcb->Cr4) = (LongMode, 0x8000_0011, 0));
        AssertViolation("CS.L and CS.D", () =>
        {
            (_machine.Vmcb->Efer, _machine.Vmcb->Cr0, _machine.Vmcb->Cr4) = (LongMode, 0x8000_0011, 0x20);
            _machine.Vmcb->Cs.Attributes = 0x69B;
        });
        AssertViolation("VMRUN", () => _machine.Vmcb->Intercepts2 = SvmIntercepts2.None);
        AssertViolation("address space", () => _machine.Vmcb->Asid = 0);
    }

    private void AssertViolation(string word, Action spoil)
    {
        Vmcb before = *_machine.Vmcb;
        spoil();
        Assert.Contains(word, Violation(), StringComparison.Ordinal);
        *_machine.Vmcb = before;
    }

    private string Violation() => Encoding.UTF8.GetString(VmcbCheck.Violation(_machine.Vmcb, _machine.Machine->EferAllowed));
}
