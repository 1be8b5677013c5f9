using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Host;
using Hypervisor.Core.Vmx;
using Hypervisor.Tool.ImageBuild;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>The machine code between the exits and the entries of a VMX guest.</summary>
public sealed class VmxStubsTests
{
    private const string EntryBegin = "hv_VmxEntryBegin";
    private const string EntryEnd = "hv_VmxEntryEnd";
    private const string ShortEntryBegin = "hv_VmxShortEntryBegin";
    private const string ShortEntryEnd = "hv_VmxShortEntryEnd";

    private static readonly CoffFile s_stubs = CoffReader.Read("stubs.obj", ImageStubs.Write());
    private static readonly string[] s_marks = [EntryBegin, EntryEnd, ShortEntryBegin, ShortEntryEnd];

    private static readonly Register[] s_general =
    [
        Register.RAX, Register.RCX, Register.RDX, Register.RBX, Register.RSP, Register.RBP, Register.RSI, Register.RDI,
        Register.R8, Register.R9, Register.R10, Register.R11, Register.R12, Register.R13, Register.R14, Register.R15,
    ];

    private static readonly Register[] s_xmm = [Register.XMM0, Register.XMM1, Register.XMM2, Register.XMM3, Register.XMM4, Register.XMM5];

    /// <summary>What compiled code may change, and RBX, which CPUID changes.</summary>
    private static readonly Register[] s_short =
        [Register.RAX, Register.RCX, Register.RDX, Register.RBX, Register.R8, Register.R9, Register.R10, Register.R11];

    private static List<Instruction> Exit => Decode("hv_VmxExit");

    [Theory]
    [InlineData(EntryBegin, EntryEnd)]
    [InlineData(ShortEntryBegin, ShortEntryEnd)]
    public void An_entry_looks_for_nmis_first_and_enters_last(string begin, string end)
    {
        // An NMI that comes between is not overlooked: the host's NMI entry starts all of it again.
        List<Instruction> entry = Between(begin, end);
        Assert.Equal((Mnemonic.Mov, ProcessorDataLayout.NmiCount), (entry[0].Mnemonic, Field(entry[0])));
        Assert.Equal((Mnemonic.Cmp, ProcessorDataLayout.NmiSeen), (entry[1].Mnemonic, Field(entry[1])));
        Assert.Equal(entry[0].Op0Register, entry[1].Op0Register);
        Assert.Equal(Mnemonic.Jne, entry[2].Mnemonic);
        Assert.Equal(Mnemonic.Vmresume, entry[^1].Mnemonic);
        Assert.Equal(Place(end), entry[^1].NextIP);

        // Begun again it does the same: it stores nothing and jumps nowhere else.
        Assert.All(entry.Skip(3).SkipLast(1), instruction =>
        {
            Assert.Contains(instruction.Mnemonic, (Mnemonic[])[Mnemonic.Mov, Mnemonic.Movaps]);
            Assert.Equal((OpKind.Register, OpKind.Memory), (instruction.Op0Kind, instruction.Op1Kind));
        });
    }

    [Fact]
    public void A_full_entry_loads_every_register_of_the_guest_from_its_place()
    {
        Assert.Equal(Slots(s_general.Where(register => register != Register.RSP), s_xmm), Loads(Between(EntryBegin, EntryEnd)));
    }

    [Fact]
    public void A_short_entry_loads_what_the_short_exit_saved()
    {
        Assert.Equal(Slots(s_short, []), Loads(Between(ShortEntryBegin, ShortEntryEnd)));
        Assert.Equal(Slots(s_short, []), Saves(Exit.TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Call)));
    }

    [Fact]
    public void Every_register_is_saved_before_the_long_way_is_taken()
    {
        Instruction rare = Exit.First(instruction => instruction.Mnemonic == Mnemonic.Je);
        IEnumerable<Instruction> rest = Exit.SkipWhile(instruction => instruction.IP != rare.NearBranchTarget).TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Call);
        IEnumerable<(Register Register, int Field)> saved = Saves(Exit.TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Call)).Concat(Saves(rest));
        Assert.Equal(Slots(s_general.Where(register => register != Register.RSP), s_xmm), saved.Distinct().Order());
    }

    [Fact]
    public void Nothing_of_the_guests_is_changed_before_it_is_saved()
    {
        HashSet<Register> saved = [];
        InstructionInfoFactory facts = new();
        foreach (Instruction instruction in Exit.TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Call))
        {
            foreach (UsedRegister used in facts.GetInfo(instruction).GetUsedRegisters())
            {
                if (used.Access is OpAccess.Write or OpAccess.ReadWrite)
                {
                    Assert.Contains(used.Register.GetFullRegister(), saved);
                }
            }

            if (instruction.Op0Kind == OpKind.Memory && instruction.Op1Kind == OpKind.Register)
            {
                saved.Add(instruction.Op1Register);
            }
        }
    }

    [Fact]
    public void The_stack_pointer_stays_where_the_exit_put_it()
    {
        // The host's RSP at an exit is the data page's foot less the home space of its callees.
        InstructionInfoFactory facts = new();
        foreach (Instruction instruction in Exit.Where(instruction => instruction.Mnemonic != Mnemonic.Call))
        {
            Assert.DoesNotContain(
                facts.GetInfo(instruction).GetUsedRegisters().ToArray(),
                used => used.Register.GetFullRegister() == Register.RSP && used.Access is OpAccess.Write or OpAccess.ReadWrite);
        }

        foreach (Instruction address in Exit.Where(instruction => instruction.Mnemonic == Mnemonic.Lea))
        {
            Assert.Equal((Register.RCX, Register.RSP, (ulong)ProcessorBlock.HomeSpace), (address.Op0Register, address.MemoryBase, address.MemoryDisplacement64));
        }
    }

    [Fact]
    public void The_short_way_is_told_the_reason_of_the_exit()
    {
        List<Instruction> head = [.. Exit.TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Call)];
        Instruction read = Assert.Single(head, instruction => instruction.Mnemonic == Mnemonic.Vmread);
        Assert.Equal((Register.RDX, Register.RAX), (read.Op0Register, read.Op1Register)); // second argument
        Instruction field = Assert.Single(head, instruction => instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Kind == OpKind.Immediate32);
        Assert.Equal((uint)VmcsField32.ExitReason, field.Immediate32);
    }

    [Fact]
    public void An_entry_that_fails_does_not_go_on()
    {
        List<Instruction> exit = Exit;
        Instruction last = exit[^1];
        Assert.Equal(2, exit.Count(instruction => instruction.Mnemonic == Mnemonic.Vmresume));
        Assert.Single(exit, instruction => instruction.Mnemonic == Mnemonic.Ud2);
        Assert.Equal(Mnemonic.Jmp, last.Mnemonic); // back to the entry behind NMIs
        int afterShort = exit.FindIndex(instruction => instruction.IP == Place(ShortEntryEnd));
        int afterFull = exit.FindIndex(instruction => instruction.IP == Place(EntryEnd));
        Assert.Equal(Mnemonic.Jmp, exit[afterShort].Mnemonic);
        int failed = exit.FindIndex(instruction => instruction.IP == exit[afterShort].NearBranchTarget);
        Assert.InRange(failed, afterFull, exit.Count);
        Assert.All(exit[afterFull..failed], instruction => Assert.Equal(Mnemonic.Nop, instruction.Mnemonic));
        Assert.Equal(
            [Mnemonic.Lea, Mnemonic.Call, Mnemonic.Ud2],
            exit.Skip(failed).Take(3).Select(instruction => instruction.Mnemonic));
    }

    [Theory]
    [InlineData("hv_VmRead", Mnemonic.Vmread)]
    [InlineData("hv_TryVmRead", Mnemonic.Vmread)]
    [InlineData("hv_VmWrite", Mnemonic.Vmwrite)]
    [InlineData("hv_InvalidateEpt", Mnemonic.Invept)]
    [InlineData("hv_InvalidateVpid", Mnemonic.Invvpid)]
    public void Failures_of_vmx_instructions_are_seen_in_both_flags(string stub, Mnemonic mnemonic)
    {
        // Intel SDM vol 3 §30.2: CF without a current VMCS, ZF with one.
        List<Instruction> code = Decode(stub);
        int at = code.FindIndex(instruction => instruction.Mnemonic == mnemonic);
        Assert.Equal(Mnemonic.Jbe, code[at + 1].Mnemonic);
    }

    [Fact]
    public void The_first_entry_loads_every_register_too()
    {
        List<Instruction> run = Decode("hv_VmxRun");
        Assert.Equal(Slots(s_general.Where(register => register != Register.RSP), s_xmm), Loads(run.TakeWhile(instruction => instruction.Mnemonic != Mnemonic.Vmlaunch)));
        Assert.Equal((Register.RSP, Register.RCX), (run[0].Op0Register, run[0].MemoryBase));
        Assert.Equal(-(long)ProcessorBlock.HomeSpace, (long)run[0].MemoryDisplacement64);
    }

    private static List<Instruction> Between(string begin, string end) =>
        [.. Exit.Where(instruction => instruction.IP >= Place(begin) && instruction.IP < Place(end))];

    private static ulong Place(string name) => s_stubs.Symbols.Single(symbol => symbol.Name == name).Value;

    /// <summary>Offset in the processor's data of what an instruction reaches by RSP.</summary>
    private static int Field(Instruction instruction)
    {
        Assert.Equal(Register.RSP, instruction.MemoryBase);
        return (int)instruction.MemoryDisplacement64 - ProcessorBlock.HomeSpace;
    }

    private static (Register Register, int Field)[] Slots(IEnumerable<Register> general, Register[] xmm) =>
    [
        .. general.Select(register => (register, ProcessorDataLayout.Registers + (Array.IndexOf(s_general, register) * sizeof(ulong))))
            .Concat(xmm.Select((register, i) => (register, ProcessorDataLayout.Xmm + (i * 16)))).Order(),
    ];

    /// <summary>The registers loaded, each once.</summary>
    private static (Register Register, int Field)[] Loads(IEnumerable<Instruction> code) =>
    [
        .. code.Where(instruction => instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Movaps
                && instruction.Op0Kind == OpKind.Register && instruction.Op1Kind == OpKind.Memory && instruction.MemorySize.GetSize() >= sizeof(ulong))
            .Select(instruction => (instruction.Op0Register, Field(instruction))).Order(),
    ];

    /// <summary>The registers saved, each once.</summary>
    private static (Register Register, int Field)[] Saves(IEnumerable<Instruction> code) =>
    [
        .. code.Where(instruction => instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Movaps
                && instruction.Op0Kind == OpKind.Memory && instruction.Op1Kind == OpKind.Register)
            .Select(instruction => (instruction.Op1Register, Field(instruction))).Order(),
    ];

    private static List<Instruction> Decode(string name)
    {
        // The marks within a stub do not end it; padding behind it is no part of it.
        ulong start = Place(name);
        ulong end = s_stubs.Symbols.Where(symbol => symbol.IsPlace && symbol.Value > start && !s_marks.Contains(symbol.Name)).Min(symbol => symbol.Value);
        byte[] code = [.. s_stubs.Sections[0].Data.AsSpan((int)start, (int)(end - start)).TrimEnd((byte)0xCC)];
        ByteArrayCodeReader bytes = new(code);
        Decoder decoder = Decoder.Create(64, bytes, start);
        List<Instruction> instructions = [];
        while (bytes.CanReadByte)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }
}
