using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

public sealed unsafe class VmxControlsTests
{
    private const SecondaryControls Core = SecondaryControls.EnableEpt | SecondaryControls.UnrestrictedGuest | SecondaryControls.EnableVpid;
    private const SecondaryControls Skylake = Core | SecondaryControls.EnableRdtscp | SecondaryControls.EnableInvpcid | SecondaryControls.EnableXsaves;

    private const ExitControls TraceExit = ExitControls.ClearTraceControl;
    private const EntryControls TraceEntry = EntryControls.LoadTraceControl;
    private const ExitControls CetExit = ExitControls.LoadCet;
    private const EntryControls CetEntry = EntryControls.LoadCet;
    private const ExitControls ModernExit = TraceExit | CetExit | ExitControls.LoadProtectionKeys | ExitControls.ClearLastBranchControl;
    private const EntryControls ModernEntry = TraceEntry | CetEntry | EntryControls.LoadProtectionKeys | EntryControls.LoadLastBranchControl;

    /// <summary>Processor, secondary controls, exit and entry controls beyond what all have.</summary>
    public static TheoryData<string, SecondaryControls, ExitControls, EntryControls> Choices() => new()
    {
        { "i7-3960X (Sandy Bridge-E)", Core | SecondaryControls.EnableRdtscp, 0, 0 },
        { "i7-5820K (Haswell-E)", Core | SecondaryControls.EnableRdtscp | SecondaryControls.EnableInvpcid, 0, 0 },
        { "i7-6700K (Skylake)", Skylake, ExitControls.ClearBoundConfiguration, EntryControls.LoadBoundConfiguration },
        { "Xeon Platinum 8160 (Skylake-SP)", Skylake, ExitControls.ClearBoundConfiguration, EntryControls.LoadBoundConfiguration },
        { "i9-10900K (Comet Lake)", Skylake, ExitControls.ClearBoundConfiguration, EntryControls.LoadBoundConfiguration },
        { "i7-1065G7 (Ice Lake)", Skylake | SecondaryControls.TraceUsesGuestAddresses, TraceExit, TraceEntry },
        { "Xeon (Ice Lake-SP)", Skylake | SecondaryControls.TraceUsesGuestAddresses | SecondaryControls.EnablePconfig, TraceExit, TraceEntry },
        { "i5-1135G7 (Tiger Lake)", Skylake | SecondaryControls.TraceUsesGuestAddresses, TraceExit | CetExit, TraceEntry | CetEntry },
        {
            "i5-12400 (Alder Lake)", Skylake | SecondaryControls.TraceUsesGuestAddresses | SecondaryControls.EnableUserWait, ModernExit, ModernEntry
        },
        {
            "i9-12900K (Alder Lake)",
            Skylake | SecondaryControls.TraceUsesGuestAddresses | SecondaryControls.EnableUserWait | SecondaryControls.EnablePconfig, ModernExit, ModernEntry
        },
        {
            "Core Ultra 7 265K (Arrow Lake)", Skylake | SecondaryControls.TraceUsesGuestAddresses | SecondaryControls.EnableUserWait, ModernExit, ModernEntry
        },
        { "Bochs corei7_skylake_x", Skylake, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void Real_processors_get_what_they_have(string name, SecondaryControls secondary, ExitControls exit, EntryControls entry)
    {
        VmxControls controls = VmxControls.For(Read(ProcessorDump.Of(name)));
        Assert.Equal(secondary, controls.Secondary);
        Assert.Equal(0x16u | (uint)VmxControls.WantedPin, (uint)controls.Pin);
        Assert.Equal(0x0400_6172u | (uint)VmxControls.WantedPrimary, (uint)controls.Primary);
        Assert.Equal(0x0003_6DFBu | (uint)(VmxControls.WantedExit | exit), (uint)controls.Exit);
        Assert.Equal(0x0000_11FBu | (uint)(VmxControls.WantedEntry | entry), (uint)controls.Entry);
    }

    [Theory]
    [MemberData(nameof(ProcessorDump.UsableNames), MemberType = typeof(ProcessorDump))]
    public void Entries_are_not_refused_for_reserved_bits(string name)
    {
        // Intel SDM vol 3 §26.2.1.1: "reserved bits ... must be set properly".
        VmxCapabilities capabilities = Read(ProcessorDump.Of(name));
        VmxControls controls = VmxControls.For(in capabilities);
        AssertProper(capabilities.Pin, (uint)controls.Pin);
        AssertProper(capabilities.Primary, (uint)controls.Primary);
        AssertProper(capabilities.Secondary, (uint)controls.Secondary);
        AssertProper(capabilities.Exit, (uint)controls.Exit);
        AssertProper(capabilities.Entry, (uint)controls.Entry);

        Assert.Equal(VmxControls.WantedPin, controls.Pin & VmxControls.WantedPin);
        Assert.Equal(VmxControls.WantedPrimary, controls.Primary & VmxControls.WantedPrimary);
        Assert.Equal(VmxControls.WantedSecondary, controls.Secondary & VmxControls.WantedSecondary);
        Assert.Equal(VmxControls.WantedExit, controls.Exit & VmxControls.WantedExit);
        Assert.Equal(VmxControls.WantedEntry, controls.Entry & VmxControls.WantedEntry);
        Assert.Equal(EntryControls.None, controls.Entry & EntryControls.Ia32eMode);
    }

    [Theory]
    [MemberData(nameof(ProcessorDump.UsableNames), MemberType = typeof(ProcessorDump))]
    public void Nothing_exits_that_need_not(string name)
    {
        VmxControls controls = VmxControls.For(Read(ProcessorDump.Of(name)));
        Assert.Equal(PinControls.None, controls.Pin & (PinControls.ExternalInterruptExiting | PinControls.PreemptionTimer));
        Assert.Equal(PrimaryControls.None, controls.Primary
            & (PrimaryControls.HltExiting | PrimaryControls.InvlpgExiting | PrimaryControls.MwaitExiting | PrimaryControls.RdpmcExiting | PrimaryControls.RdtscExiting
                | PrimaryControls.Cr3LoadExiting | PrimaryControls.Cr3StoreExiting | PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting
                | PrimaryControls.MovDrExiting | PrimaryControls.UnconditionalIoExiting | PrimaryControls.MonitorExiting | PrimaryControls.PauseExiting
                | PrimaryControls.NmiWindowExiting | PrimaryControls.MonitorTrapFlag | PrimaryControls.UseTscOffsetting));
        Assert.Equal(ExitControls.None, controls.Exit & (ExitControls.AcknowledgeInterrupt | ExitControls.LoadPerformanceGlobalControl));
    }

    [Theory]
    [MemberData(nameof(ProcessorDump.UsableNames), MemberType = typeof(ProcessorDump))]
    public void What_the_guest_sees_works(string name)
    {
        VmxCapabilities capabilities = Read(ProcessorDump.Of(name));
        VmxControls controls = VmxControls.For(in capabilities);
        SecondaryControls secondary = controls.Secondary;
        CpuidResult leaf7 = Seen(name, 7, 0, controls.Hidden);
        AssertImplies(leaf7.Ebx >> 10, (secondary & SecondaryControls.EnableInvpcid) != 0, "INVPCID");
        AssertImplies(leaf7.Ebx >> 25, (secondary & SecondaryControls.TraceUsesGuestAddresses) != 0, "PT");
        AssertImplies(leaf7.Ecx >> 5, (secondary & SecondaryControls.EnableUserWait) != 0, "WAITPKG");
        AssertImplies(leaf7.Ecx >> 22, (secondary & SecondaryControls.EnableRdtscp) != 0, "RDPID");
        AssertImplies(leaf7.Ecx >> 7, (controls.Exit & ExitControls.LoadCet) != 0 && (controls.Entry & EntryControls.LoadCet) != 0, "CET_SS");
        AssertImplies(leaf7.Edx >> 20, (controls.Exit & ExitControls.LoadCet) != 0, "CET_IBT");
        AssertImplies(leaf7.Edx >> 18, (secondary & SecondaryControls.EnablePconfig) != 0, "PCONFIG");
        AssertImplies(Seen(name, 0x8000_0001, 0, controls.Hidden).Edx >> 27, (secondary & SecondaryControls.EnableRdtscp) != 0, "RDTSCP");
        AssertImplies(Seen(name, 0xD, 1, controls.Hidden).Eax >> 3, (secondary & SecondaryControls.EnableXsaves) != 0, "XSAVES");
        CpuidResult leaf71 = Seen(name, 7, 1, controls.Hidden);
        Assert.Equal((0u, 0u), (leaf71.Eax & ((1u << 17) | (1u << 27)), leaf71.Ebx & 2));

        // Nothing else changes on a real processor.
        ProcessorDump dump = ProcessorDump.Of(name);
        bool keepsTrace = (secondary & SecondaryControls.TraceUsesGuestAddresses) != 0;
        CpuidResult bare = dump.Simulate().Cpuids.Get(7, 0);
        Assert.Equal((bare.Ebx & ~(keepsTrace ? 0 : 1u << 25), bare.Ecx, bare.Edx), (leaf7.Ebx, leaf7.Ecx, leaf7.Edx));
        CpuidResult bareTrace = dump.Simulate().Cpuids.Get(0x14, 0);
        Assert.Equal(keepsTrace || (bare.Ebx >> 25 & 1) == 0 ? bareTrace : default, Seen(name, 0x14, 0, controls.Hidden));
    }

    [Fact]
    public void Trace_is_hidden_where_its_output_would_pass_by_ept()
    {
        HiddenFeatures hidden = VmxControls.For(Read(ProcessorDump.Of("i7-6700K (Skylake)"))).Hidden;
        Assert.Equal(0x9C00_2400u, Seen("i7-6700K (Skylake)", 7, 0, hidden).Edx);
        Assert.Equal(0x029C_6FBFu & ~(1u << 25), Seen("i7-6700K (Skylake)", 7, 0, hidden).Ebx);
        Assert.Equal(default, Seen("i7-6700K (Skylake)", 0x14, 0, hidden));
        Assert.Equal(0u, Seen("i7-6700K (Skylake)", 0xD, 1, hidden).Ecx & 0x100);
        Assert.Equal(default, Seen("i7-6700K (Skylake)", 0xD, 8, hidden));
    }

    [Fact]
    public void Old_processors_without_true_capabilities_get_what_is_forced()
    {
        SimulatedProcessor processor = ProcessorDump.Of("i7-5820K (Haswell-E)").Simulate();
        processor.Msrs[Msr.VmxBasic] &= ~(1ul << 55);
        Instructions.Processor = processor;
        VmxControls controls = VmxControls.For(VmxCapabilities.Read());
        Assert.Equal(
            PrimaryControls.Cr3LoadExiting | PrimaryControls.Cr3StoreExiting,
            controls.Primary & (PrimaryControls.Cr3LoadExiting | PrimaryControls.Cr3StoreExiting));
    }

    [Theory]
    [InlineData(Msr.VmxSecondaryControls, 35, 7, 0, 2, 22)] // RDTSCP: RDPID
    [InlineData(Msr.VmxSecondaryControls, 35, 0x8000_0001, 0, 3, 27)] // RDTSCP
    [InlineData(Msr.VmxSecondaryControls, 44, 7, 0, 1, 10)] // INVPCID
    [InlineData(Msr.VmxSecondaryControls, 52, 0xD, 1, 0, 3)] // XSAVES
    [InlineData(Msr.VmxSecondaryControls, 52, 0xD, 1, 2, 11)] // XSAVES: CET state
    [InlineData(Msr.VmxSecondaryControls, 58, 7, 0, 2, 5)] // WAITPKG
    [InlineData(Msr.VmxSecondaryControls, 59, 7, 0, 3, 18)] // PCONFIG
    [InlineData(Msr.VmxSecondaryControls, 56, 7, 0, 1, 25)] // PT
    [InlineData(Msr.VmxTrueExitControls, 57, 7, 0, 1, 25)] // PT
    [InlineData(Msr.VmxTrueEntryControls, 50, 7, 0, 1, 25)] // PT
    [InlineData(Msr.VmxMiscellaneous, 14, 7, 0, 1, 25)] // PT
    [InlineData(Msr.VmxTrueExitControls, 60, 7, 0, 2, 7)] // CET
    [InlineData(Msr.VmxTrueEntryControls, 52, 7, 0, 2, 7)] // CET
    [InlineData(Msr.VmxTrueEntryControls, 52, 7, 0, 3, 20)] // CET
    public void A_feature_without_its_control_is_hidden(uint msr, int bit, uint leaf, uint subleaf, int register, int feature)
    {
        const string name = "i9-12900K (Alder Lake)";
        SimulatedProcessor processor = ProcessorDump.Of(name).Simulate();
        Instructions.Processor = processor;
        Assert.Equal(1u, Register(Seen(name, leaf, subleaf, VmxControls.For(VmxCapabilities.Read()).Hidden), register) >> feature & 1);

        processor.Msrs[msr] &= ~(1ul << bit);
        VmxCapabilities capabilities = VmxCapabilities.Read();
        VmxControls controls = VmxControls.For(in capabilities);
        Assert.Equal(0u, Register(Seen(name, leaf, subleaf, controls.Hidden), register) >> feature & 1);
        AssertProper(capabilities.Secondary, (uint)controls.Secondary);
        AssertProper(capabilities.Exit, (uint)controls.Exit);
        AssertProper(capabilities.Entry, (uint)controls.Entry);

        // Intel SDM vol 3 §26.2.1.1: the three controls of Processor Trace come together.
        bool through = (controls.Secondary & SecondaryControls.TraceUsesGuestAddresses) != 0;
        Assert.Equal(through, (controls.Exit & ExitControls.ClearTraceControl) != 0);
        Assert.Equal(through, (controls.Entry & EntryControls.LoadTraceControl) != 0);
    }

    [Fact]
    public void Controls_for_instructions_that_do_not_exist_stay_off()
    {
        SimulatedProcessor processor = ProcessorDump.Of("i9-12900K (Alder Lake)").Simulate();
        processor.Cpuids.Set(7, 0, 1, 0, 0, 0);
        processor.Cpuids.Set(0xD, 1, 7, 0, 0, 0);
        processor.Cpuids.Set(0x8000_0001, 0, 0, 0, 0x121, 0x2410_0000);
        Instructions.Processor = processor;
        Assert.Equal(Core, VmxControls.For(VmxCapabilities.Read()).Secondary);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(41)]
    [InlineData(42)]
    public void Tags_that_cannot_be_dropped_are_not_used(int bit)
    {
        SimulatedProcessor processor = ProcessorDump.Of("i7-6700K (Skylake)").Simulate();
        processor.Msrs[Msr.VmxEptVpidCapability] &= ~(1ul << bit);
        Instructions.Processor = processor;
        Assert.Equal(SecondaryControls.None, VmxControls.For(VmxCapabilities.Read()).Secondary & SecondaryControls.EnableVpid);
    }

    [Fact]
    public void What_no_control_lets_through_is_hidden_everywhere()
    {
        HiddenFeatures hidden = VmxHiddenFeatures.Always;
        CpuidResult seen = Clear(7, 1, hidden, Ones);
        Assert.Equal(~((1u << 17) | (1u << 20) | (1u << 27)), seen.Eax);
        Assert.Equal((~2u, ~0x20u, ~0x8000u), (seen.Ebx, seen.Ecx, seen.Edx));
        foreach ((uint leaf, uint subleaf) in new[] { (0u, 0u), (1u, 0u), (6u, 0u), (7u, 0u), (7u, 2u), (0xDu, 0u), (0xDu, 1u), (0xDu, 8u), (0x14u, 0u), (0x8000_0001u, 0u) })
        {
            Assert.Equal(Ones, Clear(leaf, subleaf, hidden, Ones));
        }
    }

    [Fact]
    public void Bits_of_other_leaves_and_subleaves_are_left_alone()
    {
        HiddenFeatures hidden = VmxHiddenFeatures.Always;
        VmxHiddenFeatures.Hide((VmxFeatures)uint.MaxValue, ref hidden);
        Random random = new(7);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            uint leaf = random.Next(4) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(0x30) + (random.Next(2) == 0 ? 0x8000_0000u : 0);
            uint subleaf = (uint)random.Next(12);
            if (leaf is 0x14 or 0x8000_0001 || (leaf == 7 && subleaf < 2) || (leaf == 0xD && subleaf is 1 or 8))
            {
                continue;
            }

            Assert.Equal(Ones, Clear(leaf, subleaf, hidden, Ones));
        }

        Assert.Equal(default, Clear(0x14, 3, hidden, Ones));
        Assert.Equal(default, Clear(0xD, 8, hidden, Ones));
        Assert.Equal(~((1u << 10) | (1u << 25)), Clear(7, 0, hidden, Ones).Ebx);
        Assert.Equal(~(1u << 27), Clear(0x8000_0001, 0, hidden, Ones).Edx);
    }

    private static CpuidResult Ones => new() { Eax = uint.MaxValue, Ebx = uint.MaxValue, Ecx = uint.MaxValue, Edx = uint.MaxValue };

    private static VmxCapabilities Read(ProcessorDump dump) => VmxCapabilitiesTests.Read(dump.Simulate());

    private static CpuidResult Seen(string name, uint leaf, uint subleaf, HiddenFeatures hidden) =>
        Clear(leaf, subleaf, hidden, ProcessorDump.Of(name).Simulate().Cpuids.Get(leaf, subleaf));

    private static CpuidResult Clear(uint leaf, uint subleaf, HiddenFeatures hidden, CpuidResult answer)
    {
        GuestRegisters registers = new() { Rax = answer.Eax, Rbx = answer.Ebx, Rcx = answer.Ecx, Rdx = answer.Edx };
        HiddenFeatures.Clear(&hidden, leaf, subleaf, &registers);
        Assert.Equal(0ul, (registers.Rax | registers.Rbx | registers.Rcx | registers.Rdx) >> 32);
        return new CpuidResult { Eax = (uint)registers.Rax, Ebx = (uint)registers.Rbx, Ecx = (uint)registers.Rcx, Edx = (uint)registers.Rdx };
    }

    private static uint Register(CpuidResult result, int register) => register switch
    {
        0 => result.Eax,
        1 => result.Ebx,
        2 => result.Ecx,
        _ => result.Edx,
    };

    private static void AssertImplies(uint advertised, bool works, string feature) => Assert.True((advertised & 1) == 0 || works, feature);

    private static void AssertProper(ControlCapability capability, uint controls)
    {
        Assert.Equal(capability.Required, controls & capability.Required);
        Assert.Equal(0u, controls & ~capability.Allowed);
    }
}
