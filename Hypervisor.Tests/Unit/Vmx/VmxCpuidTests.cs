using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Vmx;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Vmx;

/// <summary>CPUID by the short way and by the long one.</summary>
public sealed unsafe class VmxCpuidTests : IDisposable
{
    private const uint Length = 2;
    private const ulong Trap = 1 << 8;
    private const ulong Resume = 1 << 16;
    private const uint Vmx = 1u << 5;
    private const uint Smx = 1u << 6;
    private const uint OsXSave = 1u << 27;
    private const uint OsProtectionKeys = 1u << 4;
    private const uint SystemCall = 1u << 11;
    private const ulong Cr4OsXSave = 1ul << 18;
    private const ulong Cr4ProtectionKeys = 1ul << 22;
    private const uint ExtendedFeatures = 0x8000_0001;

    private readonly IntelMachine _machine = new();

    public VmxCpuidTests()
    {
        IntelGuestCode.EnterLongMode(_machine);
        CpuidResult features = _machine.Bootstrap.Cpuids.Get(1, 0);
        _machine.Bootstrap.Cpuids.Set(1, 0, features.Eax, features.Ebx, features.Ecx | Vmx | Smx | OsXSave, features.Edx);
        CpuidResult extended = _machine.Bootstrap.Cpuids.Get(ExtendedFeatures, 0);
        _machine.Bootstrap.Cpuids.Set(ExtendedFeatures, 0, extended.Eax, extended.Ebx, extended.Ecx, extended.Edx | SystemCall);
    }

    public static TheoryData<bool, Mode, ulong, ulong> Ends()
    {
        TheoryData<bool, Mode, ulong, ulong> ends = [];
        foreach (bool fast in (bool[])[true, false])
        {
            ends.Add(fast, Mode.Long, 0x1000, 0x1002);
            ends.Add(fast, Mode.Long, 0xFFFF_FFFE, 0x1_0000_0000);
            ends.Add(fast, Mode.Long, 0x7FFF_FFFF_FFFC, 0x7FFF_FFFF_FFFE);
            ends.Add(fast, Mode.Long, 0xFFFF_8000_0000_0000, 0xFFFF_8000_0000_0002);
            ends.Add(fast, Mode.Compatibility, 0xFFFF_FFFE, 0);
            ends.Add(fast, Mode.Compatibility, 0xFFFF_FFFF, 1);
            ends.Add(fast, Mode.Protected, 0xFFFF_FFFE, 0);
            ends.Add(fast, Mode.Protected, 0x7FFF_FFFF, 0x8000_0001);

            // A 16-bit segment may be larger than 64 KiB: its limit, not the width of IP, ends it (Intel SDM vol 3 §5.3).
            ends.Add(fast, Mode.Bits16, 0xFFFE, 0x1_0000);
            ends.Add(fast, Mode.Bits16, 0xFFFF_FFFF, 1);
            ends.Add(fast, Mode.Real, 0x100, 0x102);
            ends.Add(fast, Mode.Real, 0xFFFE, 0x1_0000);
        }

        return ends;
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Ends))]
    public void Rip_has_as_many_bits_as_the_mode(bool fast, Mode mode, ulong rip, ulong expected)
    {
        Enter(mode);
        _machine.Rip = rip;
        Ask(0, 0, fast);
        Assert.Equal(expected, _machine.Rip);
    }

    [Theory]
    [InlineData(true, 0ul)]
    [InlineData(false, 0ul)]
    [InlineData(true, Cr4OsXSave)]
    [InlineData(false, Cr4OsXSave)]
    public void Vmx_and_smx_are_not_there_and_osxsave_is_the_guests(bool fast, ulong cr4)
    {
        _machine.Set(VmcsFieldNatural.GuestCr4, _machine.Get(VmcsFieldNatural.GuestCr4) | cr4);
        uint native = _machine.Bootstrap.Cpuids.Get(1, 0).Ecx;
        Assert.Equal(Vmx | Smx | OsXSave, native & (Vmx | Smx | OsXSave));
        Assert.Equal((native & ~(Vmx | Smx | OsXSave)) | (cr4 != 0 ? OsXSave : 0), Ask(1, 0, fast)[2]);
    }

    [Theory]
    [InlineData(true, 0ul)]
    [InlineData(false, Cr4ProtectionKeys)]
    public void Ospke_is_the_guests(bool fast, ulong cr4)
    {
        using IntelMachine machine = new(new MachineOptions { Intel = ProcessorDump.Of("i9-12900K (Alder Lake)"), RegionBase = 0x6000_0000 });
        IntelGuestCode.EnterLongMode(machine);
        machine.Set(VmcsFieldNatural.GuestCr4, machine.Get(VmcsFieldNatural.GuestCr4) | cr4);
        ulong ecx = Ask(machine, 7, 0, fast)[2];
        Assert.Equal(cr4 != 0 ? OsProtectionKeys : 0, ecx & OsProtectionKeys);
    }

    [Theory]
    [InlineData(Mode.Long, true)]
    [InlineData(Mode.Compatibility, false)]
    [InlineData(Mode.Protected, false)]
    [InlineData(Mode.Bits16, false)]
    [InlineData(Mode.Real, false)]
    public void Syscall_is_there_in_64_bit_mode_only(Mode mode, bool expected)
    {
        foreach (bool fast in (bool[])[true, false])
        {
            Enter(mode);
            Assert.Equal(expected, (Ask(ExtendedFeatures, 0, fast)[3] & SystemCall) != 0);
        }
    }

    [Fact]
    public void What_cannot_work_is_hidden_whichever_way()
    {
        // A Skylake's trace output would go past EPT; the components of XSAVES go with it.
        const uint trace = 1u << 25;
        const uint traceState = 1u << 8;
        foreach (bool fast in (bool[])[true, false])
        {
            Assert.NotEqual(0u, _machine.Bootstrap.Cpuids.Get(7, 0).Ebx & trace);
            Assert.Equal(_machine.Bootstrap.Cpuids.Get(7, 0).Ebx & ~trace, Ask(7, 0, fast)[1]);
            Assert.Equal(_machine.Bootstrap.Cpuids.Get(0xD, 1).Ecx & ~traceState, Ask(0xD, 1, fast)[2]);
            Assert.Equal([0, 0, 0, 0], Ask(0x14, 0, fast));
            Assert.Equal([0, 0, 0, 0], Ask(0xD, 8, fast));
            Assert.NotEqual([0, 0, 0, 0], Ask(0xD, 2, fast));
        }
    }

    [Fact]
    public void Both_ways_answer_alike()
    {
        uint[] leaves = [0, 1, 2, 4, 6, 7, 0xB, 0xD, 0x14, 0x1A, 0x4000_0000, 0x8000_0000, ExtendedFeatures, 0x8000_0008, uint.MaxValue];
        foreach (uint leaf in leaves)
        {
            for (uint subleaf = 0; subleaf < 10; subleaf++)
            {
                Assert.Equal(Ask(leaf, subleaf, fast: false), Ask(leaf, subleaf, fast: true));
            }
        }
    }

    [Fact]
    public void Only_the_low_halves_of_rax_and_rcx_count_and_the_high_halves_of_all_four_are_cleared()
    {
        foreach (bool fast in (bool[])[true, false])
        {
            ulong[] answer = Ask(0xFFFF_FFFF_0000_0004, 0xFFFF_FFFF_0000_0001, fast);
            CpuidResult native = _machine.Bootstrap.Cpuids.Get(4, 1);
            Assert.Equal([native.Eax, native.Ebx, native.Ecx, native.Edx], answer);
        }
    }

    [Theory]
    [InlineData(Trap, VmxInterruptibility.None)]
    [InlineData(Resume, VmxInterruptibility.None)]
    [InlineData(0x200, VmxInterruptibility.BlockingBySti)]
    [InlineData(0, VmxInterruptibility.BlockingByMovSs)]
    [InlineData(0, VmxInterruptibility.BlockingByNmi)]
    public void Where_anything_is_traced_or_blocked_the_short_way_changes_nothing(ulong flags, VmxInterruptibility blocking)
    {
        _machine.Flags |= flags;
        _machine.Blocking = blocking;
        _machine.Data->Registers.Rax = 1;
        _machine.Data->Registers.Rcx = 0x77;
        _machine.Bootstrap.Vmcs.Writes.Clear();
        Assert.False(_machine.ExitShortly(VmxExitReason.Cpuid, length: Length));
        Assert.Empty(_machine.Bootstrap.Vmcs.Writes);
        Assert.Equal((1ul, 0x77ul), (_machine.Data->Registers.Rax, _machine.Data->Registers.Rcx));
        Assert.Equal(0u, _machine.Data->Exits.Read(ExitCause.Cpuid));
    }

    [Fact]
    public void Every_cpuid_is_counted_once()
    {
        Ask(0, 0, fast: true);
        Ask(0, 0, fast: false);
        _machine.Exit(VmxExitReason.Cpuid, length: Length);
        Assert.Equal(3u, _machine.Data->Exits.Read(ExitCause.Cpuid));
    }

    [Fact]
    public void All_processors_answer_alike()
    {
        _machine.Start(1);
        IntelGuestCode.EnterLongMode(_machine, 1);
        foreach (uint leaf in (uint[])[1, 7, 0xD, 0x14, ExtendedFeatures])
        {
            Assert.Equal(Ask(_machine, leaf, 0, fast: true), Ask(_machine, leaf, 0, fast: true, index: 1));
        }
    }

    private ulong[] Ask(ulong leaf, ulong subleaf, bool fast) => Ask(_machine, leaf, subleaf, fast);

    private static ulong[] Ask(IntelMachine machine, ulong leaf, ulong subleaf, bool fast, int index = 0)
    {
        GuestRegisters* registers = &machine[index]->Registers;
        registers->Rax = leaf;
        registers->Rcx = subleaf;
        registers->Rbx = registers->Rdx = ulong.MaxValue;
        if (fast)
        {
            Assert.True(machine.ExitShortly(VmxExitReason.Cpuid, length: Length, index: index));
        }
        else
        {
            machine.ExitFully(VmxExitReason.Cpuid, length: Length, index: index);
        }

        Assert.Equal(0u, machine.InjectedBy(index));
        return [registers->Rax, registers->Rbx, registers->Rcx, registers->Rdx];
    }

    private void Enter(Mode mode)
    {
        switch (mode)
        {
            case Mode.Long:
                IntelGuestCode.EnterLongMode(_machine);
                break;
            case Mode.Compatibility:
                IntelGuestCode.EnterCompatibilityMode(_machine);
                break;
            case Mode.Protected:
                IntelGuestCode.EnterProtectedMode(_machine);
                break;
            case Mode.Bits16:
                IntelGuestCode.Enter16BitMode(_machine);
                break;
            default:
                IntelGuestCode.EnterRealMode(_machine, 0x1000);
                break;
        }
    }

    /// <summary>Modes of a processor.</summary>
    public enum Mode
    {
        /// <summary>64-bit code.</summary>
        Long,

        /// <summary>32-bit code in long mode.</summary>
        Compatibility,

        /// <summary>32-bit code.</summary>
        Protected,

        /// <summary>16-bit code of protected mode.</summary>
        Bits16,

        /// <summary>Real mode.</summary>
        Real,
    }
}
