using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

public sealed class VmxCapabilitiesTests
{
    private const string Skylake = "i7-6700K (Skylake)";

    [Theory]
    [MemberData(nameof(ProcessorDump.UsableNames), MemberType = typeof(ProcessorDump))]
    public void Processors_since_Sandy_Bridge_E_can_be_used(string name)
    {
        VmxCapabilities capabilities = Read(ProcessorDump.Of(name).Simulate());
        Assert.Equal("", Refusal(capabilities));
        Assert.True(capabilities is { HasVmx: true, HasVpid: true, Basic: { TrueControls: true, MemoryType: MemoryType.WriteBack, LimitedTo32Bits: false } });
        Assert.Equal(0x8000_0021ul, capabilities.Cr0Fixed0);
        Assert.Equal(0x20ul, capabilities.GuestCr0Fixed0);
        Assert.Equal(0x2000ul, capabilities.Cr4Fixed0);
        Assert.InRange(capabilities.Basic.RegionSize, 1024u, 4096u);
        Assert.Equal(4, capabilities.Miscellaneous.Cr3Targets);
    }

    [Theory]
    [InlineData("QX9650 (Yorkfield)", "no extended page tables")]
    [InlineData("i7-3770K (Ivy Bridge)", "extended page tables have no 1 GiB pages")]
    [InlineData("Celeron J1900 (Silvermont)", "extended page tables have no 1 GiB pages")]
    [InlineData("Pentium N6005 (Jasper Lake)", "extended page tables have no 1 GiB pages")]
    public void Processors_that_cannot_be_used_say_why(string name, string reason)
    {
        Assert.Contains(reason, Refusal(Read(ProcessorDump.Of(name).Simulate())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_processor_without_vmx_is_not_asked_for_its_msrs()
    {
        SimulatedProcessor processor = ProcessorDump.Of(Skylake).Simulate();
        CpuidResult leaf = processor.Cpuids.Get(1, 0);
        processor.Cpuids.Set(1, 0, leaf.Eax, leaf.Ebx, leaf.Ecx & ~(1u << 5), leaf.Edx);
        processor.Msrs.Clear();
        Assert.Contains("no VT-x (VMX), or another hypervisor hides it", Refusal(Read(processor)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(7, true)]
    public void Only_a_lock_without_vmx_refuses(ulong featureControl, bool usable)
    {
        SimulatedProcessor processor = ProcessorDump.Of(Skylake).Simulate();
        processor.Msrs[Msr.FeatureControl] = featureControl;
        Assert.Equal(usable, Refusal(Read(processor)).Length == 0);
        Assert.Equal(!usable, Refusal(Read(processor)).Contains("locked by the firmware", StringComparison.Ordinal));
    }

    /// <summary>MSR, bits to clear in it, what is said then.</summary>
    public static IEnumerable<object[]> Lacks() =>
    [
        [Msr.VmxTruePrimaryControls, 1ul << 63, "no secondary controls"],
        [Msr.VmxSecondaryControls, 1ul << 33, "no extended page tables"],
        [Msr.VmxSecondaryControls, 1ul << 39, "no unrestricted guests"],
        [Msr.VmxEptVpidCapability, 1ul << 6, "no four levels"],
        [Msr.VmxEptVpidCapability, 1ul << 14, "write-back memory"],
        [Msr.VmxEptVpidCapability, 1ul << 16, "no 1 GiB pages"],
        [Msr.VmxEptVpidCapability, 1ul << 17, "no 1 GiB pages"],
        [Msr.VmxEptVpidCapability, 1ul << 20, "no INVEPT"],
        [Msr.VmxEptVpidCapability, 1ul << 25, "no INVEPT"],
        [Msr.VmxEptVpidCapability, 1ul << 26, "no INVEPT"],
        [Msr.VmxMiscellaneous, 1ul << 5, "EFER.LMA"],
        [Msr.VmxMiscellaneous, 1ul << 8, "no wait-for-SIPI state"],
        [Msr.VmxTruePinControls, 1ul << 35, "no virtual NMIs"],
        [Msr.VmxTruePinControls, 1ul << 37, "no virtual NMIs"],
        [Msr.VmxTruePrimaryControls, 1ul << 54, "no virtual NMIs"],
        [Msr.VmxTruePrimaryControls, 1ul << 60, "no MSR bitmaps"],
        [Msr.VmxTrueExitControls, 1ul << 50, "cannot switch EFER and PAT"],
        [Msr.VmxTrueExitControls, 1ul << 53, "cannot switch EFER and PAT"],
        [Msr.VmxTrueEntryControls, 1ul << 46, "cannot switch EFER and PAT"],
        [Msr.VmxTrueEntryControls, 1ul << 47, "cannot switch EFER and PAT"],
    ];

    [Theory]
    [MemberData(nameof(Lacks))]
    public void Each_lack_is_named(uint msr, ulong bits, string reason)
    {
        SimulatedProcessor processor = ProcessorDump.Of(Skylake).Simulate();
        Assert.NotEqual(0ul, processor.Msrs[msr] & bits);
        processor.Msrs[msr] &= ~bits;
        string refusal = Refusal(Read(processor));
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(refusal, character => character is '.' && refusal.EndsWith(character));
    }

    [Fact]
    public void Host_tables_need_gibibyte_pages_too()
    {
        SimulatedProcessor processor = ProcessorDump.Of(Skylake).Simulate();
        CpuidResult leaf = processor.Cpuids.Get(0x8000_0001, 0);
        processor.Cpuids.Set(0x8000_0001, 0, leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx & ~(1u << 26));
        Assert.Equal("this processor has no 1 GiB pages", Refusal(Read(processor)));
    }

    [Fact]
    public void Msrs_that_need_not_exist_are_not_read()
    {
        // Without TRUE capabilities, secondary controls or EPT the MSRs for them fault.
        SimulatedProcessor processor = ProcessorDump.Of("QX9650 (Yorkfield)").Simulate();
        Assert.DoesNotContain(Msr.VmxTruePinControls, processor.Msrs.Keys);
        VmxCapabilities old = Read(processor);
        Assert.Equal(0ul, old.EptVpid.Value);
        Assert.Equal(0x16u, old.Pin.Required);

        processor.Msrs[Msr.VmxPrimaryControls] &= ~(1ul << 63);
        processor.Msrs.Remove(Msr.VmxSecondaryControls);
        Assert.Contains("no secondary controls", Refusal(Read(processor)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("i7-5820K (Haswell-E)", VmxFeatures.Rdtscp | VmxFeatures.Invpcid)]
    [InlineData("i7-6700K (Skylake)",
        VmxFeatures.Rdtscp | VmxFeatures.Invpcid | VmxFeatures.Xsaves | VmxFeatures.Trace | VmxFeatures.Bounds)]
    [InlineData("i7-1065G7 (Ice Lake)",
        VmxFeatures.Rdtscp | VmxFeatures.Invpcid | VmxFeatures.Xsaves | VmxFeatures.Trace | VmxFeatures.Rdpid)]
    [InlineData("i5-12400 (Alder Lake)",
        VmxFeatures.Rdtscp | VmxFeatures.Invpcid | VmxFeatures.Xsaves | VmxFeatures.Trace | VmxFeatures.Rdpid | VmxFeatures.UserWait
        | VmxFeatures.LastBranch | VmxFeatures.Cet)]
    [InlineData("i9-12900K (Alder Lake)",
        VmxFeatures.Rdtscp | VmxFeatures.Invpcid | VmxFeatures.Xsaves | VmxFeatures.Trace | VmxFeatures.Rdpid | VmxFeatures.UserWait
        | VmxFeatures.LastBranch | VmxFeatures.Cet | VmxFeatures.Pconfig)]
    public void Features_are_read_from_cpuid(string name, VmxFeatures expected)
    {
        Assert.Equal(expected, Read(ProcessorDump.Of(name).Simulate()).Features);
    }

    [Theory]
    [InlineData("i7-6700K (Skylake)", 39)]
    [InlineData("i9-12900K (Alder Lake)", 46)]
    [InlineData("Core Ultra 9 288V (Lunar Lake)", 42)]
    [InlineData("Xeon (Sapphire Rapids)", 52)]
    public void Address_bits_are_cpuids(string name, int expected)
    {
        Assert.Equal(expected, Read(ProcessorDump.Of(name).Simulate()).PhysicalAddressBits);
    }

    [Fact]
    public void Trace_is_the_guests_own_since_Ice_Lake()
    {
        Assert.Equal(
            [
                "i7-1065G7 (Ice Lake)", "Xeon (Ice Lake-SP)", "i5-1135G7 (Tiger Lake)", "i9-11900K (Rocket Lake)", "i9-12900K (Alder Lake)", "i5-12400 (Alder Lake)",
                "i9-13900K (Raptor Lake)", "Xeon (Sapphire Rapids)", "Xeon (Granite Rapids)", "Core Ultra 7 265K (Arrow Lake)", "Core Ultra 9 288V (Lunar Lake)",
            ],
            ProcessorDump.Usable.Where(dump => Read(dump.Simulate()).HasGuestTrace).Select(dump => dump.Name));
    }

    [Fact]
    public void Control_registers_are_fixed_as_the_processor_says()
    {
        VmxCapabilities capabilities = Read(ProcessorDump.Of(Skylake).Simulate());
        Assert.Equal(0x8000_0031ul, capabilities.FixedCr0(0x10));
        Assert.Equal(0x26A8ul, capabilities.FixedCr4(0x6A8));
        Assert.Equal(0x3727FFul, capabilities.FixedCr4(ulong.MaxValue));
    }

    [Theory]
    [InlineData(0x00DA_0400_0000_0004ul, 4u, 0x400u)]
    [InlineData(0x00DA_0500_8000_0013ul, 0x13u, 0x500u)]
    [InlineData(0x03DA_0600_0000_0015ul, 0x15u, 0x600u)]
    [InlineData(0x00D8_1000_0000_002Bul, 0x2Bu, 0x1000u)]
    public void Revision_and_size_are_of_their_width(ulong value, uint revision, uint size)
    {
        Assert.Equal((revision, size), (new VmxBasic(value).Revision, new VmxBasic(value).RegionSize));
    }

    internal static VmxCapabilities Read(SimulatedProcessor processor)
    {
        Instructions.Processor = processor;
        return VmxCapabilities.Read();
    }

    private static string Refusal(VmxCapabilities capabilities) => Encoding.UTF8.GetString(capabilities.Refusal());
}
