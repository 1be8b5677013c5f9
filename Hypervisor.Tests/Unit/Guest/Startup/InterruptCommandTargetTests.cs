using Hypervisor.Core.Guest.Startup;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public class InterruptCommandTargetTests
{
    private const uint Flat = 0xFFFF_FFFF;
    private const uint Cluster = 0x0FFF_FFFF;
    private const uint Logical = 0x800;

    [Theory]
    [InlineData(1, true, false)]
    [InlineData(2, true, true)]
    [InlineData(3, false, true)]
    public void Shorthands_ignore_the_destination_and_the_mode(int shorthand, bool self, bool other)
    {
        uint low = ((uint)shorthand << 18) | 0x500;
        for (uint destination = 0; destination < 256; destination++)
        {
            foreach (uint mode in new[] { 0u, Logical })
            {
                foreach (LocalApicIdentity identity in new[] { LocalApicIdentity.X2Apic(7), LocalApicIdentity.XApic(7, 0x0800_0000, Flat) })
                {
                    InterruptCommand wide = InterruptCommand.FromX2Apic(((ulong)destination << 32) | low | mode);
                    InterruptCommand narrow = InterruptCommand.FromXApic(low | mode, destination << 24);
                    Assert.Equal(self, InterruptCommandTarget.Matches(wide, 2, 2, identity));
                    Assert.Equal(other, InterruptCommandTarget.Matches(wide, 2, 3, identity));
                    Assert.Equal(self, InterruptCommandTarget.Matches(narrow, 2, 2, identity));
                    Assert.Equal(other, InterruptCommandTarget.Matches(narrow, 2, 3, identity));
                }
            }
        }
    }

    [Fact]
    public void A_physical_destination_is_the_apic_id_or_everyone()
    {
        for (uint destination = 0; destination < 256; destination++)
        {
            for (uint id = 0; id < 256; id++)
            {
                // Logical names must not matter.
                LocalApicIdentity identity = LocalApicIdentity.XApic((byte)id, 0xFF00_0000, (id & 1) == 0 ? Flat : Cluster);
                bool expected = destination == id || destination == 0xFF;
                Assert.Equal(expected, Sent(0x500, destination, identity));
                Assert.Equal(expected, Sent(0x500, destination, LocalApicIdentity.X2Apic(id)));
            }
        }
    }

    [Fact]
    public void A_physical_destination_of_x2apic_has_32_bits()
    {
        foreach (uint id in new[] { 0u, 1u, 0xFEu, 0xFFu, 0x100u, 0x101u, 0xFFFF_FFFEu })
        {
            foreach (uint destination in new[] { 0u, 1u, 0xFEu, 0xFFu, 0x100u, 0x101u, 0xFFFF_FFFEu, 0xFFFF_FFFFu })
            {
                Assert.Equal(destination == id || destination == 0xFFFF_FFFF, SentWide(0x600, destination, LocalApicIdentity.X2Apic(id)));
            }
        }

        // A processor that has not yet been switched on to x2APIC mode answers to its 8-bit ID.
        Assert.True(SentWide(0x600, 5, LocalApicIdentity.XApic(5, 0, Flat)));
        Assert.False(SentWide(0x600, 0x105, LocalApicIdentity.XApic(5, 0, Flat)));
        Assert.True(SentWide(0x600, 0xFFFF_FFFF, LocalApicIdentity.XApic(5, 0, Flat)));
    }

    [Fact]
    public void The_flat_model_compares_bits()
    {
        for (uint destination = 0; destination < 256; destination++)
        {
            for (uint logical = 0; logical < 256; logical++)
            {
                LocalApicIdentity identity = LocalApicIdentity.XApic((byte)~logical, logical << 24, Flat);
                Assert.Equal(destination == 0xFF || (destination & logical) != 0, Sent(Logical | 0x500, destination, identity));
            }
        }
    }

    [Fact]
    public void The_cluster_model_compares_a_cluster_and_bits()
    {
        for (uint destination = 0; destination < 256; destination++)
        {
            for (uint logical = 0; logical < 256; logical++)
            {
                LocalApicIdentity identity = LocalApicIdentity.XApic((byte)~logical, logical << 24, Cluster);
                bool expected = destination == 0xFF || (destination / 16 == logical / 16 && ((destination % 16) & (logical % 16)) != 0);
                Assert.Equal(expected, Sent(Logical | 0x500, destination, identity));
            }
        }
    }

    [Fact]
    public void An_undefined_model_answers_only_to_everyone()
    {
        LocalApicIdentity identity = LocalApicIdentity.XApic(1, 0xFF00_0000, 0x7FFF_FFFF);
        Assert.False(Sent(Logical | 0x500, 1, identity));
        Assert.True(Sent(Logical | 0x500, 0xFF, identity));
    }

    [Fact]
    public void The_logical_id_of_x2apic_follows_from_the_apic_id()
    {
        for (uint id = 0; id < 600; id++)
        {
            LocalApicIdentity identity = LocalApicIdentity.X2Apic(id);
            Assert.Equal(((id >> 4) << 16) + (1u << (int)(id & 15)), identity.X2ApicLogicalId);
            for (uint cluster = 0; cluster < 40; cluster++)
            {
                for (int bit = 0; bit < 16; bit++)
                {
                    Assert.Equal(id == (cluster * 16) + (uint)bit, SentWide(Logical | 0x500, (cluster << 16) | (1u << bit), identity));
                }

                Assert.Equal(id / 16 == cluster, SentWide(Logical | 0x500, (cluster << 16) | 0xFFFF, identity));
                Assert.False(SentWide(Logical | 0x500, cluster << 16, identity));
            }

            Assert.True(SentWide(Logical | 0x500, 0xFFFF_FFFF, identity));
        }
    }

    private static bool Sent(uint low, uint destination, LocalApicIdentity identity) =>
        InterruptCommandTarget.Matches(InterruptCommand.FromXApic(low, destination << 24), 0, 1, identity);

    private static bool SentWide(uint low, uint destination, LocalApicIdentity identity) =>
        InterruptCommandTarget.Matches(InterruptCommand.FromX2Apic(((ulong)destination << 32) | low), 0, 1, identity);
}
