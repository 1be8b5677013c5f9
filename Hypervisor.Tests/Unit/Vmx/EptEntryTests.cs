using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Vmx;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

public sealed class EptEntryTests
{
    [Theory]
    [InlineData(EptRights.Full, MemoryType.WriteBack, PageLevel.Page4K, 0x1234_5000ul, 0x1234_5037ul)]
    [InlineData(EptRights.Full, MemoryType.Uncacheable, PageLevel.Page2M, 0xFEE0_0000ul, 0xFEE0_0087ul)]
    [InlineData(EptRights.ReadOnly, MemoryType.WriteThrough, PageLevel.Page4K, 0xE_0000ul, 0xE_0025ul)]
    [InlineData(EptRights.Full, MemoryType.WriteProtected, PageLevel.Page4K, 0xC_0000ul, 0xC_002Ful)]
    [InlineData(EptRights.Read, MemoryType.WriteCombining, PageLevel.Page1G, 0x1_4000_0000ul, 0x1_4000_0089ul)]
    public void Pages_are_laid_out_as_the_processor_reads_them(EptRights rights, MemoryType type, PageLevel level, ulong address, ulong expected)
    {
        EptEntry entry = new(address, rights, type, level);
        Assert.Equal(expected, entry.Value);
        Assert.Equal((address, rights, type, level != PageLevel.Page4K), (entry.Address, entry.Rights, entry.MemoryType, entry.IsLarge));
        Assert.True(entry.Present);
        Assert.False(entry.IgnoresPat || entry.IsCoarse);
    }

    [Fact]
    public void Tables_have_no_type()
    {
        EptEntry entry = EptEntry.Table(0x5000_1000);
        Assert.Equal(0x5000_1007ul, entry.Value);
        Assert.False(entry.IsLarge);
    }

    [Fact]
    public void Rights_change_alone()
    {
        EptEntry entry = new EptEntry(0xFEE0_0000, EptRights.Full, MemoryType.Uncacheable, PageLevel.Page4K).WithRights(EptRights.ReadOnly);
        Assert.Equal(0xFEE0_0005ul, entry.Value);
        Assert.Equal(0xFEE0_0007ul, entry.WithRights(EptRights.Full).Value);
        Assert.False(entry.WithRights(EptRights.None).Present);
        Assert.Equal(0x0010_0000_FEE0_0005ul, entry.AsCoarse().Value);
        Assert.True(entry.AsCoarse().IsCoarse);
    }

    [Fact]
    public void The_pointer_names_write_back_tables_of_four_levels()
    {
        EptPointer pointer = EptPointer.FourLevel(0x5000_0000);
        Assert.Equal(0x5000_001Eul, pointer.Value);
        Assert.Equal((0x5000_0000ul, MemoryType.WriteBack, 4, false), (pointer.Root, pointer.TableType, pointer.Levels, pointer.AccessedDirty));
    }
}
