using System;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

/// <summary>Instructions that the host does not know, with operands in claimed memory.</summary>
public sealed unsafe class SvmClaimedPagesTests : IDisposable
{
    private const ulong First = 0xE000_0000;
    private const ulong Second = First + 0x1000;
    private const ulong WriteOfAbsentPage = 6;

    private readonly MediatedMachine _machine;

    public SvmClaimedPagesTests()
    {
        _machine = new MediatedMachine(new RecordingMediator { Claims = host => host.ClaimMemory(First, Second + 0xFFF) });
        GuestCode.EnterLongMode(_machine.Inner);
        GuestCode.Write(_machine.Inner, [0xDD, 0x1B]); // FSTP qword [RBX]
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void One_that_reaches_into_two_pages_is_refused_and_does_not_begin_anew_for_ever()
    {
        Fault(Second - 4);
        Assert.True(_machine.Inner.Data->Step.Active);
        Fault(Second);
        Assert.False(_machine.Inner.Data->Step.Active);
        Assert.Equal(GuestEvent.Exception(13, 0).Value, _machine.Inner.Vmcb->EventInjection);
        Assert.Equal(0x202ul, _machine.Inner.Vmcb->RFlags);
    }

    [Fact]
    public void The_next_one_may_reach_the_other_page()
    {
        Fault(First);
        _machine.Inner.Vmcb->Rip += 2;
        _machine.Inner.Exit(SvmExitCode.ExceptionDb);
        GuestCode.Write(_machine.Inner, [0xDD, 0x1B]);
        Fault(Second);
        Assert.True(_machine.Inner.Data->Step.Active);
        Assert.Equal(0ul, _machine.Inner.Vmcb->EventInjection);
    }

    private void Fault(ulong address) => _machine.Inner.Exit(SvmExitCode.NestedPageFault, WriteOfAbsentPage, address);
}
