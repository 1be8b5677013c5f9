using System;
using System.Text;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

/// <summary>The conditions of AMD APM vol 2 §15.5.1, each violated alone.</summary>
public sealed unsafe class VmcbCheckTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public VmcbCheckTests()
    {
        GuestCode.EnterLongMode(_machine);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Guests_of_every_mode_are_consistent()
    {
        Assert.Equal("", Violation());
        GuestCode.EnterProtectedMode(_machine);
        Assert.Equal("", Violation());
        GuestCode.EnterRealMode(_machine, 0x1000);
        Assert.Equal("", Violation());
        _machine.TakeOver(1);
        Assert.True(VmcbCheck.Violation(_machine.VmcbOf(1), _machine.Machine->EferAllowed).IsEmpty);
    }

    [Fact]
    public void Each_violation_is_named()
    {
        Vmcb good = *_machine.Vmcb;
        Check("SVME", () => _machine.Vmcb->Efer &= ~0x1000ul);
        Check("reserved", () => _machine.Vmcb->Efer |= 2);
        Check("reserved", () => _machine.Vmcb->Efer |= 1ul << 40);
        Check("CR0.NW", () => _machine.Vmcb->Cr0 |= 1 << 29);
        Check("upper bits", () => _machine.Vmcb->Cr0 |= 1ul << 32);
        Check("upper bits", () => _machine.Vmcb->Dr6 |= 1ul << 32);
        Check("upper bits", () => _machine.Vmcb->Dr7 |= 1ul << 63);
        Check("CR4.PAE", () => _machine.Vmcb->Cr4 &= ~0x20ul);
        Check("CR0.PE", () => _machine.Vmcb->Cr0 &= ~1ul);
        Check("CS.L", () => _machine.Vmcb->Cs.Attributes |= 1 << 10);
        Check("VMRUN", () => _machine.Vmcb->Intercepts2 &= ~SvmIntercepts2.VmRun);
        Check("address space", () => _machine.Vmcb->Asid = 0);

        void Check(string expected, Action violate)
        {
            *_machine.Vmcb = good;
            violate();
            Assert.Contains(expected, Violation(), StringComparison.Ordinal);
        }
    }

    private string Violation() => Encoding.UTF8.GetString(VmcbCheck.Violation(_machine.Vmcb, _machine.Machine->EferAllowed));
}
