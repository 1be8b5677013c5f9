using System;
using Hypervisor.Core.Guest.Startup;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public class InterruptCommandTests
{
    [Fact]
    public void The_commands_of_a_linux_bring_up_are_understood()
    {
        InterruptCommand init = InterruptCommand.FromXApic(0x0000_C500, 0x0300_0000);
        Assert.True(init.IsInit);
        Assert.False(init.IsStartup);
        Assert.Equal(3u, init.Destination);
        InterruptCommand startup = InterruptCommand.FromXApic(0x0000_0699, 0x0300_0000);
        Assert.True(startup.IsStartup);
        Assert.Equal(0x99, startup.Vector);
    }

    [Fact]
    public void The_init_level_deassert_is_no_init()
    {
        InterruptCommand command = InterruptCommand.FromXApic(0x0000_8500, 0x0300_0000);
        Assert.True(command.IsInitDeassert);
        Assert.False(command.IsInit);
    }

    [Fact]
    public void Every_field_comes_from_its_bits_in_both_modes()
    {
        Random random = new(4);
        for (int round = Fuzz.Rounds(200_000); round > 0; round--)
        {
            uint low = (uint)random.NextInt64(1L << 32);
            uint high = (uint)random.NextInt64(1L << 32);
            InterruptCommand narrow = InterruptCommand.FromXApic(low, high);
            InterruptCommand wide = InterruptCommand.FromX2Apic(((ulong)high << 32) | low);
            foreach (InterruptCommand command in new[] { narrow, wide })
            {
                Assert.Equal(low, command.Low);
                Assert.Equal(low % 256, command.Vector);
                Assert.Equal((low / 256) % 8, (uint)command.DeliveryMode);
                Assert.Equal((low & 0x800) != 0, command.IsLogical);
                Assert.Equal((low & 0x4000) != 0, command.IsAssert);
                Assert.Equal((low & 0x8000) != 0, command.IsLevelTriggered);
                Assert.Equal((low >> 18) % 4, (uint)command.Shorthand);
                Assert.Equal(command.IsX2Apic ? high : high >> 24, command.Destination);
                Assert.Equal(command.IsX2Apic ? high : high & 0xFF00_0000, command.High);
                Assert.Equal(((ulong)command.High << 32) | low, command.Value);
                bool init = (low & 0x700) == 0x500;
                Assert.Equal(init && (low & 0xC000) != 0x8000, command.IsInit);
                Assert.Equal(init && (low & 0xC000) == 0x8000, command.IsInitDeassert);
                Assert.Equal((low & 0x700) == 0x600, command.IsStartup);
            }
        }
    }
}
