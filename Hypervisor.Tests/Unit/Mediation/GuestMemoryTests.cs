using Hypervisor.Core.Mediation;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Mediation;

/// <summary>What mediators take for the guest's memory is memory: nobody's registers.</summary>
public sealed class GuestMemoryTests
{
    private const ulong Claimed = 0xFEA0_0100;

    [Theory]
    [InlineData(0x1000_0000ul, 0x1000, true)]
    [InlineData(Claimed, 4, false)]
    [InlineData(Claimed - 4, 5, false)]
    [InlineData(Claimed + 0xFF, 0x1000, false)]
    [InlineData(0xFE00_0000ul, 0x100_0000, false)]
    [InlineData(Claimed - 4, 4, true)]
    [InlineData(Claimed + 0x100, 4, true)]
    [InlineData(0xFEE0_0300ul, 4, false)]
    [InlineData(0xFEEF_FFFCul, 4, false)]
    [InlineData(0xFEDF_FFF8ul, 9, false)]
    [InlineData(0xFEF0_0000ul, 4, true)]
    public void Claimed_registers_and_those_of_interrupts_are_none(ulong address, int length, bool isMemory)
    {
        RecordingMediator mediator = new() { Claims = host => Assert.True(host.ClaimMemory(Claimed, Claimed + 0xFF)) };
        using MediatedMachine machine = new(mediator);
        Assert.Equal(isMemory ? length : 0, mediator.Host!.Memory(address, length).Length);
    }

    [Fact]
    public void The_local_APIC_is_none_wherever_it_is()
    {
        RecordingMediator mediator = new();
        using MediatedMachine machine = new(new MachineOptions { ApicPage = 0x8000_0000 }, mediator);
        Assert.True(mediator.Host!.Memory(0x8000_0300, 4).IsEmpty);
        Assert.False(mediator.Host.Memory(0x8000_1000, 4).IsEmpty);
    }

    [Theory]
    [InlineData(0x1000_0000ul, true)]
    [InlineData(0x3FFF_FFFDul, false)]
    [InlineData(0xC000_0000ul, false)]
    [InlineData(0xF_0000ul, true)]
    [InlineData(0x1_4000_0000ul, true)]
    [InlineData(0xFFFF_FFFEul, false)]
    public void Where_the_firmware_has_told_it_counts(ulong address, bool isMemory)
    {
        RecordingMediator mediator = new();
        using MediatedMachine machine = new(new MachineOptions { Memory = [(0x10_0000, 0x4000_0000, false), (0xF_0000, 0x10_0000, true)] }, mediator);
        Assert.NotEqual(isMemory, mediator.Host!.Memory(address, 4).IsEmpty);
    }

    [Fact]
    public void A_strict_claim_is_none_over_memory_and_others_may_be()
    {
        RecordingMediator mediator = new()
        {
            Claims = host =>
            {
                Assert.False(host.ClaimMemory(0x2000_0000, 0x2000_0FFF, form: new MemoryForm { IsStrict = true }));
                Assert.True(host.ClaimMemory(0x2000_0000, 0x2000_0FFF));
                Assert.True(host.ClaimMemory(0xF_0000, 0xF_0FFF, form: new MemoryForm { IsStrict = true }), "what the firmware reserves may be registers");
                for (int i = 0; i < 100; i++)
                {
                    Assert.False(host.ClaimMemory(0x2000_0000, 0x2000_0FFF));
                }
            },
        };
        using MediatedMachine machine = new(new MachineOptions { Memory = [(0x10_0000, 0x4000_0000, false), (0xF_0000, 0x10_0000, true)] }, mediator);
        Assert.Equal(MediatorState.Attached, machine.State());
        Assert.Equal(8, machine.Inner.LogText().Split("cannot be claimed").Length - 1);
        Assert.Contains("memory 0x20000000 to 0x20000fff cannot be claimed: it is memory, not a device", machine.Inner.LogText(), System.StringComparison.OrdinalIgnoreCase);
    }
}
