using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

/// <summary>The length of intercepted instructions where the processor does not save the next RIP .</summary>
public sealed unsafe class SvmInstructionLengthTests : IDisposable
{
    private const ulong Trap = 1 << 8;

    /// <summary>Prefixes that CPUID, RDMSR, WRMSR and INVD take without a change of meaning.</summary>
    private static readonly byte[] s_prefixes = [0x66, 0x67, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65, 0xF2, 0xF3];

    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Prefixes_and_any_page_tables_give_the_length()
    {
        Random random = new(7);
        for (int round = 0; round < Fuzz.Rounds(3_000); round++)
        {
            byte[] code = RandomCode(random, is64: true);
            PlaceRandomly(random, code);
            if (random.Next(8) == 0)
            {
                _machine.Vmcb->RFlags |= Trap;
            }

            ulong rip = _machine.Vmcb->Rip;
            ulong expected = rip + (ulong)code.Length;
            Assert.Equal((uint)code.Length, SvmGuest.MeasureInstruction(_machine.Data, _machine.Vmcb));
            Assert.Equal((uint)code.Length, SvmGuest.InstructionLength(_machine.Data, _machine.Vmcb));

            _machine.Vmcb->Rax = 0;
            bool plain = code.Length == 2 && (_machine.Vmcb->RFlags & Trap) == 0;
            Assert.Equal(plain ? 1u : 0, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
            if (!plain)
            {
                Assert.Equal(rip, _machine.Vmcb->Rip);
                _machine.Exit(SvmExitCode.Cpuid);
            }

            Assert.Equal(expected, _machine.Vmcb->Rip);
        }
    }

    [Fact]
    public void An_instruction_may_cross_a_page()
    {
        for (int before = 1; before < 4; before++)
        {
            byte[] code = [0x66, 0x48, 0x0F, 0xA2];
            GuestCode.EnterLongMode(_machine);
            ulong rip = 0x5_0000_1000 - (ulong)before;
            _machine.Vmcb->Rip = rip;
            GuestCode.Map(_machine, rip & ~0xFFFul, 0x70_3000);
            GuestCode.Map(_machine, 0x5_0000_1000, 0x60_8000);
            for (int i = 0; i < code.Length; i++)
            {
                *_machine.Guest(i < before ? 0x70_4000 - (ulong)(before - i) : 0x60_8000 + (ulong)(i - before)) = code[i];
            }

            _machine.Exit(SvmExitCode.Cpuid);
            Assert.Equal(rip + 4, _machine.Vmcb->Rip);
        }
    }

    [Fact]
    public void A_plain_instruction_may_end_with_the_page()
    {
        foreach (ulong offset in new ulong[] { 0xFFE, 0xFFF })
        {
            GuestCode.EnterLongMode(_machine);
            _machine.Vmcb->Rip = 0x5_0000_0000 + offset;
            GuestCode.Map(_machine, 0x5_0000_0000, 0x70_3000);
            GuestCode.Map(_machine, 0x5_0000_1000, 0x60_8000);
            byte* first = _machine.Guest(0x70_3000 + offset);
            byte* second = offset == 0xFFF ? _machine.Guest(0x60_8000) : first + 1;
            *first = 0x0F;
            *second = 0xA2;
            Assert.Equal(1u, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
            Assert.Equal(0x5_0000_0002 + offset, _machine.Vmcb->Rip);
        }
    }

    [Fact]
    public void Sixteen_and_thirty_two_bit_code_is_measured_without_rex()
    {
        Random random = new(8);
        for (int round = 0; round < Fuzz.Rounds(500); round++)
        {
            bool real = random.Next(2) == 0;
            if (real)
            {
                GuestCode.EnterRealMode(_machine, (ushort)random.Next(0x8000));
            }
            else
            {
                GuestCode.EnterProtectedMode(_machine);
                _machine.Vmcb->Cs.Base = (ulong)random.Next(0x1000);
            }

            byte[] code = RandomCode(random, is64: false);
            _machine.Vmcb->Rip = (ulong)random.Next(0xFF00);
            code.CopyTo(new Span<byte>(_machine.Guest(_machine.Vmcb->Cs.Base + _machine.Vmcb->Rip), 15));
            ulong expected = _machine.Vmcb->Rip + (ulong)code.Length;
            Assert.Equal(0u, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
            _machine.Exit(SvmExitCode.Cpuid);
            Assert.Equal(expected, _machine.Vmcb->Rip);
        }
    }

    [Fact]
    public void Five_levels_are_walked()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Vmcb->Cr4 |= 1 << 12;
        _machine.Vmcb->Rip = 0x0012_3456_7890_0100;
        GuestCode.Map(_machine, _machine.Vmcb->Rip & ~0xFFFul, 0x40_0000, levels: 5);
        new byte[] { 0x48, 0x0F, 0xA2 }.CopyTo(new Span<byte>(_machine.Guest(0x40_0100), 3));
        Assert.Equal(0u, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
        _machine.Exit(SvmExitCode.Cpuid);
        Assert.Equal(0x0012_3456_7890_0103ul, _machine.Vmcb->Rip);
    }

    [Fact]
    public void Code_that_another_processor_has_unmapped_counts_as_two_bytes()
    {
        GuestCode.EnterLongMode(_machine);
        _machine.Exit(SvmExitCode.Cpuid);
        Assert.Equal(SimulatedMachine.GuestRip + 2, _machine.Vmcb->Rip);
        Assert.Equal(0ul, _machine.Vmcb->EventInjection);
    }

    [Fact]
    public void Attributes_and_high_bits_of_entries_do_not_lead_astray()
    {
        // NX, protection key and the bits the operating system may use, in every entry on the way.
        GuestCode.Write(_machine, [0x0F, 0xA2]);
        ulong address = _machine.Vmcb->Rip;
        ulong table = GuestCode.Root;
        for (int level = 4; level > 0; level--)
        {
            ulong* entry = (ulong*)_machine.Guest(table) + ((address >> (3 + (9 * level))) & 511);
            table = *entry & 0x000F_FFFF_FFFF_F000;
            *entry |= 0x7FF0_0000_0000_0E00 | 0x18;
        }

        _machine.Vmcb->Cr3 |= 0xFFF;
        Assert.Equal(1u, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
        Assert.Equal(address + 2, _machine.Vmcb->Rip);
    }

    [Fact]
    public void The_saved_next_rip_is_taken_where_there_is_one()
    {
        using SimulatedMachine epyc = new(new MachineOptions { IsEpyc = true, AddressBits = 48, RegionBase = 0x7800_0000 });
        GuestCode.EnterLongMode(epyc); // nothing is mapped: the code must not be needed
        epyc.Vmcb->NextRip = epyc.Vmcb->Rip + 5;
        Assert.Equal(1u, SvmExit.TryCpuid(epyc.Data, epyc.Vmcb));
        Assert.Equal(SimulatedMachine.GuestRip + 5, epyc.Vmcb->Rip);
        epyc.Vmcb->RFlags |= Trap;
        epyc.Vmcb->NextRip = epyc.Vmcb->Rip + 4;
        Assert.Equal(0u, SvmExit.TryCpuid(epyc.Data, epyc.Vmcb));
        epyc.Exit(SvmExitCode.Cpuid);
        Assert.Equal(SimulatedMachine.GuestRip + 9, epyc.Vmcb->Rip);
    }

    [Fact]
    public void The_short_way_and_the_long_one_leave_the_same()
    {
        Random random = new(9);
        uint[] leaves = [0, 1, 7, 0xD, 0x8000_0001, 0x8000_000A, 0x4000_0000];
        for (int round = 0; round < Fuzz.Rounds(300); round++)
        {
            List<ulong[]> results = [];
            ulong leaf = leaves[random.Next(leaves.Length)] | ((ulong)(uint)random.Next() << 32);
            ulong subleaf = (uint)random.Next(3) | ((ulong)(uint)random.Next() << 32);
            ulong cr4 = 0x620 | ((ulong)random.Next(2) << 18) | ((ulong)random.Next(2) << 22);
            foreach (bool shortWay in new[] { true, false })
            {
                GuestCode.Write(_machine, [0x0F, 0xA2]);
                _machine.Vmcb->Cr4 = cr4;
                _machine.Vmcb->Rax = leaf;
                _machine.Vmcb->InterruptShadow = 1;
                _machine.Vmcb->EventInjection = 0x8000_0302;
                _machine.Vmcb->ExitInterruptInfo = 0;
                _machine.Data->Registers = new() { Rcx = subleaf, Rbx = 1, Rdx = 2, R15 = 15, Rsi = 6 };
                uint before = _machine.Data->Exits.Read(ExitCause.Cpuid);
                if (shortWay)
                {
                    Assert.Equal(1u, SvmExit.TryCpuid(_machine.Data, _machine.Vmcb));
                }
                else
                {
                    _machine.Exit(SvmExitCode.Cpuid);
                }

                Assert.Equal(before + 1, _machine.Data->Exits.Read(ExitCause.Cpuid));
                results.Add(
                [
                    _machine.Vmcb->Rax, _machine.Data->Registers.Rbx, _machine.Data->Registers.Rcx, _machine.Data->Registers.Rdx,
                    _machine.Data->Registers.R15, _machine.Data->Registers.Rsi, _machine.Vmcb->Rip, _machine.Vmcb->EventInjection,
                    _machine.Vmcb->InterruptShadow, _machine.Vmcb->RFlags,
                ]);
            }

            Assert.Equal(results[0], results[1]);
        }
    }

    private static byte[] RandomCode(Random random, bool is64)
    {
        List<byte> code = [];
        if (random.Next(3) != 0)
        {
            code.AddRange(Enumerable.Range(0, random.Next(12)).Select(_ => s_prefixes[random.Next(s_prefixes.Length)]));
            if (is64 && random.Next(2) == 0)
            {
                code.Add((byte)(0x40 + random.Next(16)));
            }
        }

        code.AddRange([0x0F, 0xA2]);
        return [.. code];
    }

    private void PlaceRandomly(Random random, byte[] code)
    {
        GuestCode.EnterLongMode(_machine);
        int level = 1 + random.Next(3);
        ulong size = 1ul << (3 + (9 * level));
        ulong linear = ((ulong)random.NextInt64() & 0x7FFF_FFFF_FFFF & ~(size - 1)) | (random.Next(2) == 0 ? 0 : 0xFFFF_8000_0000_0000);

        // Memory of the guest is 8 GiB: page frames of 1 GiB and 2 MiB within it, above the page tables.
        ulong physical = level switch
        {
            1 => 0x40_0000 + ((ulong)random.Next(0x1000) << 12),
            2 => (ulong)random.Next(4, 0x800) << 21,
            _ => (ulong)random.Next(1, 7) << 30,
        };
        ulong offset = random.Next(3) == 0 ? size - (ulong)random.Next(1, 16) : (ulong)random.NextInt64((long)size - 16);
        GuestCode.Map(_machine, linear, physical, level, 7 | (random.Next(2) == 0 ? 0x20ul : 0));
        if (linear + size is not 0 and not 0x8000_0000_0000)
        {
            GuestCode.Map(_machine, linear + size, 0x20_0000, 1);
        }
        else
        {
            offset = Math.Min(offset, size - 16);
        }

        _machine.Vmcb->Rip = linear + offset;
        for (int i = 0; i < code.Length; i++)
        {
            ulong at = offset + (ulong)i;
            *_machine.Guest(at < size ? physical + at : 0x20_0000 + at - size) = code[i];
        }
    }
}
