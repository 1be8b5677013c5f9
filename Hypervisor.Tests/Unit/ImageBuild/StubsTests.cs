using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;
using Hypervisor.Tool.ImageBuild;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>The machine code that the build writes, and the offsets it counts on.</summary>
public unsafe class StubsTests
{
    private const int EntryStride = 16;
    private const int FirstInterrupt = 32;
    private static readonly CoffFile s_stubs = CoffReader.Read("stubs.obj", ImageStubs.Write());
    private static readonly ImageGraph s_graph = ImageGraph.Build([s_stubs], new ImageRules());

    [Fact]
    public void All_stubs_decode()
    {
        ImageRules rules = new();
        foreach (ImageNode stub in s_graph.Nodes.Where(n => n.IsCode))
        {
            foreach (Instruction instruction in Decode(stub, rules.BitnessOf(stub.Names)))
            {
                Assert.False(instruction.IsInvalid, $"{stub.Name} at {instruction.IP:X}h");
                Assert.True(instruction.Encoding == EncodingKind.Legacy || stub.Names.Any(ImageRules.WideVectorStubs.Contains), stub.Name);
            }
        }
    }

    [Theory]
    [InlineData("hv_StoreVector", 6)]
    [InlineData("hv_LoadVector", 6)]
    [InlineData("hv_StoreVectorHigh", 0)]
    [InlineData("hv_LoadVectorHigh", 0)]
    public void Each_vector_register_has_one_instruction(string name, int first)
    {
        bool high = name.EndsWith("High", StringComparison.Ordinal);
        List<Register> registers = [];
        foreach (Instruction instruction in Decode(s_graph.Find(name)!, 64))
        {
            if (instruction.Mnemonic is Mnemonic.Movups or Mnemonic.Vextractf128 or Mnemonic.Vinsertf128)
            {
                registers.Add(instruction.Op0Kind == OpKind.Register ? instruction.Op0Register : instruction.Op1Register);
                Assert.Equal(Register.RDX, instruction.MemoryBase);
            }
        }

        Assert.Equal([.. Enumerable.Range(first, 16 - first).Select(i => (high ? Register.YMM0 : Register.XMM0) + i)], registers);
    }

    [Fact]
    public void Stubs_use_nothing_but_the_entries_of_the_host()
    {
        string[] undefined = [.. s_stubs.Symbols.Where(s => s.IsUndefined).Select(s => s.Name).Order(StringComparer.Ordinal)];
        Assert.All(undefined, name => Assert.Contains(name, ImageRules.HostRoots.Concat(ImageRules.OptionalHostRoots)));
    }

    [Fact]
    public void The_entry_of_every_vector_is_one_stride_from_the_one_before()
    {
        ImageNode stub = s_graph.Find("hv_ExceptionEntries")!;
        List<Instruction> code = Decode(stub, 64);
        Instruction table = code[0];
        Assert.Equal(Mnemonic.Lea, table.Mnemonic);
        ulong start = table.IPRelativeMemoryAddress;
        Dictionary<ulong, int> index = code.Select((instruction, i) => (instruction.IP, i)).ToDictionary(e => e.IP, e => e.i);
        HashSet<ulong> bodies = [];
        for (int vector = 0; vector < 256; vector++)
        {
            ulong entry = start + (ulong)(vector * EntryStride);
            Assert.True(index.TryGetValue(entry, out int next), $"vector {vector}: no instruction begins at its entry");
            if (vector >= FirstInterrupt)
            {
                Assert.Equal(Code.Iretq, code[next].Code); // an interrupt of a device returns at once
                continue;
            }

            bool isNmi = vector == 2;
            int words = 0;
            while (code[next].Mnemonic == Mnemonic.Push)
            {
                words++;
                next++;
            }

            // Every entry but the NMI's leaves an error code (the processor's or a zero) and the vector on the stack.
            bool hasErrorCode = vector is 8 or 10 or 11 or 12 or 13 or 14 or 17 or 21 or 29 or 30;
            Assert.Equal(isNmi ? 0 : hasErrorCode ? 1 : 2, words);
            Assert.True(isNmi || (byte)code[next - 1].GetImmediate(0) == vector, $"vector {vector} pushes another number");
            Assert.Equal(Mnemonic.Jmp, code[next].Mnemonic);
            Assert.True(code[next].NextIP <= entry + EntryStride);
            bodies.Add(code[next].NearBranchTarget);
        }

        Assert.Equal(2, bodies.Count);
        Assert.All(bodies, body => Assert.True(body >= start + (256 * EntryStride)));
    }

    [Fact]
    public void The_offsets_that_stubs_use_are_those_of_the_processors_data()
    {
        ProcessorData data;
        byte* start = (byte*)&data;
        Assert.Equal(ProcessorDataLayout.Registers, (byte*)&data.Registers - start);
        Assert.Equal(ProcessorDataLayout.GuestControl, (byte*)&data.GuestControl - start);
        Assert.Equal(ProcessorDataLayout.HostControl, (byte*)&data.HostControl - start);
        Assert.Equal(ProcessorDataLayout.NmiCount, (byte*)&data.NmiCount - start);
        Assert.Equal(ProcessorDataLayout.HostCr3, (byte*)&data.HostCr3 - start);
        Assert.Equal(ProcessorDataLayout.Gdtr, (byte*)&data.Gdtr - start);
        Assert.Equal(ProcessorDataLayout.Idtr, (byte*)&data.Idtr - start);
        Assert.Equal(ProcessorDataLayout.HostCr4, (byte*)&data.HostCr4 - start);
        Assert.Equal(ProcessorDataLayout.HostCr0, (byte*)&data.HostCr0 - start);
        Assert.Equal(ProcessorDataLayout.NmiSeen, (byte*)&data.Nmi.Seen - start);
        Assert.Equal(0x1000, sizeof(ProcessorData));

        // XMM0 to XMM5 have no field: they lie between two that have, where MOVAPS can reach them.
        Assert.True(ProcessorDataLayout.Xmm >= (byte*)&data.Registers + sizeof(GuestRegisters) - start);
        Assert.True(ProcessorDataLayout.Xmm + (6 * 16) <= ProcessorDataLayout.GuestControl);
        Assert.Equal(0, ProcessorDataLayout.Xmm % 16);
    }

    [Fact]
    public void General_registers_lie_in_the_order_of_their_numbers()
    {
        string[] order = ["Rax", "Rcx", "Rdx", "Rbx", "Rsp", "Rbp", "Rsi", "Rdi", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];
        Assert.Equal(
            order.Select((name, number) => (name, number * 8)),
            order.Select(name => (name, (int)Marshal.OffsetOf<GuestRegisters>(name))));
        Assert.Equal(order.Length * 8, sizeof(GuestRegisters));
    }

    [Fact]
    public void The_offsets_that_stubs_use_are_those_of_the_control_block()
    {
        Vmcb block;
        byte* start = (byte*)&block;
        Assert.Equal(Vmcb.RFlagsOffset, (byte*)&block.RFlags - start);
        Assert.Equal(Vmcb.RipOffset, (byte*)&block.Rip - start);
        Assert.Equal(Vmcb.RspOffset, (byte*)&block.Rsp - start);
        Assert.Equal(Vmcb.RaxOffset, (byte*)&block.Rax - start);
        Assert.Equal(Vmcb.ExitCodeOffset, (byte*)&block.ExitCode - start);

        // AMD APM vol 2 tables B-1 and B-2; the state save area begins at 400h.
        Assert.Equal(0x070, Vmcb.ExitCodeOffset);
        Assert.Equal((0x570, 0x578, 0x5D8, 0x5F8), (Vmcb.RFlagsOffset, Vmcb.RipOffset, Vmcb.RspOffset, Vmcb.RaxOffset));
        Assert.Equal(0x1000, sizeof(Vmcb));
    }

    private static List<Instruction> Decode(ImageNode stub, int bitness)
    {
        // Padding behind a stub is no part of it.
        byte[] code = [.. s_stubs.Sections[0].Data.AsSpan((int)stub.Start, (int)(stub.End - stub.Start)).TrimEnd((byte)0xCC)];
        ByteArrayCodeReader bytes = new(code);
        Decoder decoder = Decoder.Create(bitness, bytes, stub.Start);
        List<Instruction> instructions = [];
        while (bytes.CanReadByte)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }
}
