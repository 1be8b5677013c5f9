using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

public class InitStateTests
{
    [Fact]
    public void A_sipi_starts_at_the_page_of_its_vector()
    {
        for (int vector = 0; vector < 256; vector++)
        {
            InitState state = InitState.AfterStartup(default, 0, StartPoint.FromVector((byte)vector));
            Assert.Equal(vector << 8, state.Cs.Selector.Value);
            Assert.Equal((ulong)vector << 12, state.Cs.Base);
            Assert.Equal(0ul, state.Rip);
        }
    }

    [Theory]
    [InlineData(0x8005_0033ul, 0x10ul)]
    [InlineData(0xC005_0033ul, 0x4000_0010ul)]
    [InlineData(0xE005_0033ul, 0x6000_0010ul)]
    [InlineData(0x2000_0000ul, 0x2000_0010ul)]
    public void Init_keeps_the_cache_bits_of_cr0_and_nothing_else(ulong before, ulong after)
    {
        Assert.Equal(after, InitState.AfterInit(new Cr0(before), 0).Cr0.Value);
    }

    [Fact]
    public void Init_leaves_real_mode_at_the_reset_vector()
    {
        InitState state = InitState.AfterInit(new Cr0(0x8000_0011), 0x00A2_0F12);
        Assert.Equal(0xFFFF_FFF0ul, state.Cs.Base + state.Rip);
        Assert.Equal(0xF000, state.Cs.Selector.Value);
        Assert.Equal(0x00A2_0F12ul, state.Rdx);
        Assert.Equal(2ul, state.RFlags.Value);
        Assert.Equal(0ul, state.Cr3.Value);
        Assert.Equal(0ul, state.Cr4.Value);
        Assert.Equal(0ul, state.Efer.Value);
        Assert.Equal(0xFFFF, state.GlobalTable.Limit);
        Assert.Equal(0xFFFF, state.InterruptTable.Limit);
    }

    [Fact]
    public void Segments_have_forms_that_vm_entry_accepts()
    {
        InitState state = InitState.AfterStartup(default, 0, StartPoint.FromVector(0x99));
        Assert.Equal(0x9Bu, state.Cs.Attributes.VmxAccessRights);
        Assert.Equal(0x93u, state.Data.Attributes.VmxAccessRights);
        Assert.Equal(0x82u, state.LocalTable.Attributes.VmxAccessRights);
        Assert.Equal(0x8Bu, state.Task.Attributes.VmxAccessRights);
        foreach (SegmentState segment in new[] { state.Cs, state.Data, state.LocalTable, state.Task })
        {
            Assert.Equal(0xFFFFu, segment.Limit);
            Assert.True(segment.Attributes.Present);
            Assert.Equal(0, segment.Attributes.Privilege);
        }
    }
}
