using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Emulation;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

public sealed unsafe class PlainMoveTests
{
    private const ulong Rip = 0xFFFF_FFFF_8123_4567;

    [Fact]
    public void What_it_recognises_the_whole_decoder_sees_alike()
    {
        Random random = new(11);
        byte[] code = new byte[16];
        byte* bytes = stackalloc byte[16];
        GuestRegisters registers;
        EmulationContext context = new() { Registers = &registers, Rip = Rip, Width = CodeWidth.Bits64 };
        int recognised = 0;
        for (int round = 0; round < Fuzz.Rounds(300_000); round++)
        {
            Fill(random, code);
            random.NextBytes(new Span<byte>(&registers, sizeof(GuestRegisters)));
            code.CopyTo(new Span<byte>(bytes, 16));
            PlainMove move = PlainMove.Decode(bytes, (ulong*)&registers, Rip);
            if (move.Length == 0)
            {
                continue; // the whole decoder deals with it
            }

            recognised++;
            string hex = Convert.ToHexString(code);
            Assert.True(MemoryInstruction.TryDecode(code, CodeWidth.Bits64, out MemoryInstruction instruction), hex);
            Assert.Equal(MemoryOperation.Move, instruction.Operation);
            Assert.Equal((instruction.Length, (int)instruction.MemorySize, instruction.IsWrite), (move.Length, move.Size, move.IsStore));
            MemoryAddress address = instruction.Address;
            Assert.True(GuestAddress.Offset(&context, in address, instruction.Length) == move.Address, hex);
            Assert.False(instruction.IsHighByte);
            if (move.Register >= 0)
            {
                Assert.Equal((OtherOperand.Register, (int)instruction.Register), (instruction.Other, move.Register));
            }
            else
            {
                Assert.Equal((OtherOperand.Immediate, (ulong)instruction.Immediate), (instruction.Other, move.Immediate));
            }
        }

        Assert.True(recognised > Fuzz.Rounds(300_000) / 10);
    }

    [Theory]
    [InlineData("8B07")] // MOV EAX, [RDI]
    [InlineData("8907")]
    [InlineData("8A07")]
    [InlineData("8807")]
    [InlineData("668B07")]
    [InlineData("66418900")]
    [InlineData("488B4610")]
    [InlineData("C7471078563412")]
    [InlineData("66C7050100000034 12")]
    [InlineData("408830")] // MOV [RAX], SIL
    [InlineData("4A8984E300030000")] // MOV [RBX+R12*8+300h], RAX
    public void The_forms_of_drivers_are_known(string hex)
    {
        byte* bytes = stackalloc byte[16];
        GuestRegisters registers = default;
        byte[] code = Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal));
        code.CopyTo(new Span<byte>(bytes, 16));
        Assert.Equal(code.Length, PlainMove.Decode(bytes, (ulong*)&registers, Rip).Length);
    }

    private static void Fill(Random random, byte[] code)
    {
        random.NextBytes(code);
        int at = 0;
        if (random.Next(3) == 0)
        {
            code[at++] = 0x66;
        }

        if (random.Next(2) == 0)
        {
            code[at++] = (byte)(0x40 + random.Next(16));
        }

        byte[] opcodes = [0x88, 0x89, 0x8A, 0x8B, 0xC6, 0xC7];
        code[at++] = random.Next(10) == 0 ? (byte)random.Next(256) : opcodes[random.Next(opcodes.Length)];
        code[at] = random.Next(2) == 0 ? (byte)(code[at] & 0xC7) : code[at];
    }
}
