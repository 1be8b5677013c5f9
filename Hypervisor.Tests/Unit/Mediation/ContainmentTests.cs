using System.Linq;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Mediation;

/// <summary>A defect in a mediator stays in it (M5).</summary>
public sealed unsafe class ContainmentTests
{
    [Theory]
    [InlineData("Probe")]
    [InlineData("Attach")]
    public void A_failure_on_the_way_in_leaves_the_machine_without_the_mediator(string method)
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(0x80, 0x80), FailsIn = method };
        RecordingMediator other = new("other");
        using MediatedMachine machine = new(mediator, other);
        Assert.Equal(MediatorState.Failed, machine.State());
        Assert.Equal(MediatorState.Attached, machine.State(1));
        Assert.Contains($"mediator recording failed in {method}", machine.Inner.LogText());
        _ = machine.In(0x80, 1);
        Assert.Empty(mediator.Ports);
    }

    [Theory]
    [InlineData("OnPort", Fallback.Pass, 0x42u)]
    [InlineData("OnPort", Fallback.Deny, 0xFFu)]
    public void A_failure_at_an_access_makes_the_claims_fall_back_as_declared(string method, Fallback fallback, uint expected)
    {
        RecordingMediator mediator = new(fallback: fallback)
        {
            Claims = host => host.ClaimPorts(0x80, 0x80), Port = _ => (Verdict.Done, 7), FailsIn = method,
        };
        using MediatedMachine machine = new(mediator);
        machine.Inner.Bootstrap.Input = (_, _) => 0x42;
        Assert.Equal(expected, machine.In(0x80, 1));
        Assert.Equal(expected, machine.In(0x80, 1));
        Assert.Single(mediator.Ports);
        Assert.Equal(MediatorState.Failed, machine.State());
        Assert.Equal(MediatorDoor.Port, machine.Record()->FailedIn);
        Assert.Equal(0u, machine.Record()->Lock);
        Assert.Equal(0ul, machine.Inner.Data->Containment);
    }

    [Fact]
    public void A_failure_in_the_middle_of_a_log_line_leaves_the_log_to_others()
    {
        RecordingMediator mediator = new() { FailsIn = "Attach" };
        mediator.Claims = host => _ = host.Log(LogLevel.Warning).Text("half a line"u8);
        using MediatedMachine machine = new(mediator);
        Assert.Contains("mediator recording failed in Attach", machine.Inner.LogText());
        Assert.DoesNotContain("half a line", machine.Inner.LogText());
        Assert.Equal(0, machine.Inner.Bootstrap.Pauses);
    }

    [Theory]
    [InlineData("ExitBootServices", MediatorDoor.ExitBootServices)]
    [InlineData("ProcessorStarted", MediatorDoor.ProcessorStart)]
    [InlineData("Sleep", MediatorDoor.Sleep)]
    [InlineData("Resume", MediatorDoor.Resume)]
    [InlineData("Detach", MediatorDoor.Detach)]
    public void A_failure_in_a_step_of_life_ends_that_mediator_alone(string method, MediatorDoor door)
    {
        RecordingMediator mediator = new() { FailsIn = method };
        RecordingMediator other = new("other");
        using MediatedMachine machine = new(new MachineOptions { Processors = 2 }, mediator, other);
        MediatorLife.ExitBootServices(machine.Inner.Data);
        machine.Inner.TakeOver(1);
        MediatorLife.Sleep(machine.Inner.Data, SleepState.S3);
        MediatorLife.Resume(machine.Inner.Data);
        _ = MediatorLife.Detach(machine.Inner.Data, 0);
        Assert.Equal(door, machine.Record()->FailedIn);
        Assert.Equal(
            ["Probe", "Attach", "ExitBootServices", "ProcessorStarted 1", "Sleep S3", "Resume"], other.Life.Where(l => l != "Detach"));
        Assert.Equal(MediatorState.Attached, machine.State(1));
    }

    [Fact]
    public void Life_goes_through_mediators_in_the_order_of_registration_and_out_in_reverse()
    {
        RecordingMediator first = new("first");
        RecordingMediator second = new("second");
        System.Collections.Generic.List<string> slept = [];
        using MediatedMachine machine = new(first, second);
        MediatorLife.Sleep(machine.Inner.Data, SleepState.S5);
        Assert.Equal([MediatorState.Asleep, MediatorState.Asleep], new[] { machine.State(0), machine.State(1) });
        MediatorLife.Resume(machine.Inner.Data);
        Assert.Equal(["Probe", "Attach", "Sleep S5", "Resume"], first.Life);
        Assert.Equal([MediatorState.Attached, MediatorState.Attached], new[] { machine.State(0), machine.State(1) });
    }

    [Fact]
    public void Only_the_driver_can_have_mediators_attached_and_only_once()
    {
        RecordingMediator mediator = new();
        using MediatedMachine machine = new(mediator);
        machine.Inner.Vmcb->Rip = SimulatedMachine.DriverBase + 0x10;
        machine.Inner.Vmcb->Rax = HypercallProtocol.Signature;
        machine.Inner.Data->Registers.Rcx = (ulong)HypercallFunction.Attach;
        machine.Inner.Exit(SvmExitCode.VmmCall);
        Assert.Equal(["Probe", "Attach"], mediator.Life);
    }
}
