using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest;

public sealed unsafe class CpuidPolicyTests
{
    private const ulong OsXSave = 1 << 18;
    private const ulong ProtectionKeys = 1 << 22;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(OsXSave, 1u << 27)]
    public void Leaf_1_hides_vmx_and_smx_and_mirrors_the_guests_osxsave(ulong cr4, uint expected)
    {
        for (uint processor = 0; processor < 2; processor++)
        {
            uint ecx = processor == 0 ? uint.MaxValue : 0;
            CpuidResult seen = Adjust(1, 0, cr4, new CpuidResult { Eax = 1, Ebx = 2, Ecx = ecx, Edx = 4 });
            Assert.Equal((ecx & ~((1u << 5) | (1u << 6) | (1u << 27))) | expected, seen.Ecx);
            Assert.Equal((1u, 2u, 4u), (seen.Eax, seen.Ebx, seen.Edx));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(ProtectionKeys, 1u << 4)]
    public void Leaf_7_mirrors_the_guests_ospke(ulong cr4, uint expected)
    {
        for (uint processor = 0; processor < 2; processor++)
        {
            uint ecx = processor == 0 ? uint.MaxValue : 0;
            CpuidResult seen = Adjust(7, 0, cr4, new CpuidResult { Eax = 1, Ebx = 2, Ecx = ecx, Edx = 4 });
            Assert.Equal((ecx & ~(1u << 4)) | expected, seen.Ecx);
            Assert.Equal((1u, 2u, 4u), (seen.Eax, seen.Ebx, seen.Edx));
        }
    }

    [Fact]
    public void Other_subleaves_of_leaf_7_are_the_processors()
    {
        Assert.Equal(uint.MaxValue, Adjust(7, 1, 0, Ones).Ecx);
        Assert.Equal(0u, Adjust(7, 1, ulong.MaxValue, default(CpuidResult)).Ecx);
    }

    [Fact]
    public void Svm_is_not_there()
    {
        Assert.Equal(uint.MaxValue & ~4u, Adjust(0x8000_0001, 0, ulong.MaxValue, Ones).Ecx);
        Assert.Equal(uint.MaxValue, Adjust(0x8000_0001, 0, 0, Ones).Edx);
        Assert.Equal(default, Adjust(0x8000_000A, 0, ulong.MaxValue, Ones));
        Assert.Equal(default, Adjust(0x8000_000A, 7, 0, Ones));
    }

    [Fact]
    public void Every_other_leaf_is_the_processors_own()
    {
        Random random = new(1);
        uint[] near = [0, 2, 4, 6, 8, 0xD, 0x4000_0000, 0x4000_0001, 0x8000_0000, 0x8000_0002, 0x8000_0008, 0x8000_001E, 0x8000_001F, 0x8000_0021, uint.MaxValue];
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            uint leaf = round < near.Length ? near[round] : (uint)random.NextInt64(1L << 32);
            uint subleaf = (uint)random.Next(4);
            if (leaf is 1 or 0x8000_0001 or 0x8000_000A || (leaf == 7 && subleaf == 0))
            {
                continue;
            }

            CpuidResult answer = new() { Eax = Word(random), Ebx = Word(random), Ecx = Word(random), Edx = Word(random) };
            Assert.Equal(answer, Adjust(leaf, subleaf, (ulong)random.NextInt64(), answer));
        }
    }

    [Fact]
    public void Upper_halves_of_the_registers_are_zero_afterwards()
    {
        foreach (uint leaf in new[] { 1u, 7u, 0x8000_0001u, 0x8000_000Au })
        {
            GuestRegisters registers = Adjust(leaf, 0, ulong.MaxValue, new GuestRegisters { Rax = 1, Rbx = 2, Rcx = uint.MaxValue, Rdx = 4 });
            Assert.All([registers.Rax, registers.Rbx, registers.Rcx, registers.Rdx], value => Assert.Equal(0ul, value >> 32));
        }
    }

    [Fact]
    public void All_processors_answer_alike()
    {
        using SimulatedMachine machine = new(new MachineOptions { IsEpyc = true, AddressBits = 48, RegionBase = 0x7000_0000 });
        machine.TakeOver(1);
        foreach (uint leaf in new[] { 1u, 7u, 0x8000_0001u, 0x8000_0008u, 0x8000_000Au })
        {
            ulong[] first = Ask(machine, 0, leaf);
            Assert.Equal(first, Ask(machine, 1, leaf));
            Assert.True(leaf != 0x8000_000A || first.All(value => value == 0));
        }
    }

    private static CpuidResult Ones => new() { Eax = uint.MaxValue, Ebx = uint.MaxValue, Ecx = uint.MaxValue, Edx = uint.MaxValue };

    private static ulong[] Ask(SimulatedMachine machine, int index, uint leaf)
    {
        GuestCode.Write(machine, [0x0F, 0xA2], index);
        machine.VmcbOf(index)->Rax = leaf;
        machine.VmcbOf(index)->NextRip = machine.VmcbOf(index)->Rip + 2;
        machine[index]->Registers.Rcx = 0;
        machine.Exit(SvmExitCode.Cpuid, index: index);
        GuestRegisters registers = machine[index]->Registers;
        return [machine.VmcbOf(index)->Rax, registers.Rbx, registers.Rcx, registers.Rdx];
    }

    private static uint Word(Random random) => (uint)random.NextInt64(1L << 32);

    private static CpuidResult Adjust(uint leaf, uint subleaf, ulong cr4, CpuidResult answer)
    {
        GuestRegisters registers = Adjust(
            leaf, subleaf, cr4, new GuestRegisters { Rax = answer.Eax, Rbx = answer.Ebx, Rcx = answer.Ecx, Rdx = answer.Edx, R8 = 8, Rsp = 4 });
        Assert.Equal((8ul, 4ul), (registers.R8, registers.Rsp));
        return new CpuidResult { Eax = (uint)registers.Rax, Ebx = (uint)registers.Rbx, Ecx = (uint)registers.Rcx, Edx = (uint)registers.Rdx };
    }

    private static GuestRegisters Adjust(uint leaf, uint subleaf, ulong cr4, GuestRegisters registers)
    {
        MachineData machine = default;
        Vmcb vmcb = new() { Cr4 = cr4 };
        ProcessorData processor = new() { Machine = &machine, GuestControl = (ulong)&vmcb, Registers = registers };
        CpuidPolicy.Adjust<SvmGuest>(leaf, subleaf, &processor);
        return processor.Registers;
    }
}
