using System;
using Hypervisor.Core.Guest.Decoding;
using Iced.Intel;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

public class InstructionLengthTests
{
    [Theory]
    [InlineData("0FA2", CodeWidth.Bits64, 2)] // CPUID
    [InlineData("660FA2", CodeWidth.Bits64, 3)] // CPUID with a useless prefix: R-75
    [InlineData("48B8EFCDAB8967452301", CodeWidth.Bits64, 10)] // MOV RAX, imm64
    [InlineData("48A1EFCDAB8967452301", CodeWidth.Bits64, 10)] // MOV RAX, moffs64
    [InlineData("67A178563412", CodeWidth.Bits64, 6)] // MOV EAX, moffs32
    [InlineData("67A13412", CodeWidth.Bits32, 4)] // MOV EAX, moffs16
    [InlineData("9A785634123000", CodeWidth.Bits32, 7)] // CALL 30:12345678
    [InlineData("EA34123000", CodeWidth.Bits16, 5)] // JMP 30:1234
    [InlineData("F6C001", CodeWidth.Bits64, 3)] // TEST AL, 1
    [InlineData("F6D0", CodeWidth.Bits64, 2)] // NOT AL
    [InlineData("66F7C00100", CodeWidth.Bits64, 5)] // TEST AX, 1
    [InlineData("C8100000", CodeWidth.Bits64, 4)] // ENTER 16, 0
    [InlineData("8B05EFBEADDE", CodeWidth.Bits64, 6)] // MOV EAX, [RIP+x]
    [InlineData("8B04253412ADDE", CodeWidth.Bits64, 7)] // MOV EAX, [disp32] by SIB
    [InlineData("8B063412", CodeWidth.Bits16, 4)] // MOV AX, [1234]
    [InlineData("C5F877", CodeWidth.Bits64, 3)] // VZEROUPPER
    [InlineData("C4E37D4AC210", CodeWidth.Bits64, 6)] // VBLENDVPS
    [InlineData("62F17C48584001", CodeWidth.Bits64, 7)] // VADDPS ZMM, with disp8*N
    [InlineData("8FE9789B00", CodeWidth.Bits64, 5)] // VPSHAD, XOP map 9
    [InlineData("8F00", CodeWidth.Bits64, 2)] // POP [RAX], not XOP
    [InlineData("C40634120000", CodeWidth.Bits16, 4)] // LES, not VEX
    [InlineData("0F20C0", CodeWidth.Bits64, 3)] // MOV RAX, CR0
    [InlineData("0F2000", CodeWidth.Bits64, 3)] // the same: Mod is ignored
    [InlineData("F30FC7F8", CodeWidth.Bits64, 4)] // RDPID RAX
    [InlineData("66C7F80000", CodeWidth.Bits64, 5)] // XBEGIN rel16
    [InlineData("F0F30FC7F8", CodeWidth.Bits64, 5)]
    public void Known_instructions_have_their_length(string hex, CodeWidth width, int expected)
    {
        Assert.Equal(expected, InstructionLength.Measure(Convert.FromHexString(hex), width));
    }

    [Fact]
    public void The_operand_size_prefix_on_a_near_branch_is_the_vendors_choice()
    {
        byte[] jump = [0x66, 0xE9, 1, 2, 3, 4];
        Assert.Equal(4, InstructionLength.Measure(jump, CodeWidth.Bits64, NearBranchRule.Amd));
        Assert.Equal(6, InstructionLength.Measure(jump, CodeWidth.Bits64, NearBranchRule.Intel));
        Assert.Equal(4, InstructionLength.Measure(jump, CodeWidth.Bits32, NearBranchRule.Intel));
    }

    [Fact]
    public void Fifteen_bytes_are_an_instruction_and_sixteen_are_not()
    {
        byte[] code = new byte[32];
        Array.Fill(code, (byte)0x66);
        code[14] = 0x90;
        Assert.Equal(15, InstructionLength.Measure(code, CodeWidth.Bits64));
        code[14] = 0x66;
        code[15] = 0x90;
        Assert.Equal(0, InstructionLength.Measure(code, CodeWidth.Bits64));
    }

    [Fact]
    public void Too_few_bytes_give_zero_and_further_bytes_do_not_matter()
    {
        CodeBytes bytes = new(2);
        byte[] code = new byte[20];
        for (int round = Fuzz.Rounds(100_000); round > 0; round--)
        {
            bytes.Fill(code);
            CodeWidth width = bytes.NextWidth();
            int length = InstructionLength.Measure(code, width);
            Assert.InRange(length, 0, 15);
            for (int given = 0; given <= 15; given++)
            {
                int expected = given < length ? 0 : length;
                Assert.Equal(expected, InstructionLength.Measure(code.AsSpan(0, given), width));
            }
        }
    }

    /// <summary> Whatever Iced finds valid has the same length here. Iced runs once as it is and once with its AMD option, which decides
    /// near branches in 64-bit mode. Excluded: UD0 under the AMD option, which Iced then reads without ModRM; UD0 only ever raises #UD, so
    /// nobody asks for its length.
    /// </summary>
    [Theory]
    [InlineData(DecoderOptions.None, NearBranchRule.Intel, 1)]
    [InlineData(DecoderOptions.AMD, NearBranchRule.Amd, 2)]
    [InlineData(DecoderOptions.MPX | DecoderOptions.MovTr | DecoderOptions.ForceReservedNop, NearBranchRule.Intel, 3)]
    public void Lengths_agree_with_an_independent_decoder(DecoderOptions options, NearBranchRule rule, int seed)
    {
        CodeBytes bytes = new(seed);
        byte[] code = new byte[15];
        Oracle oracle = new(code, options);
        int rounds = Fuzz.Rounds(2_500_000);
        int compared = 0;
        for (int round = 0; round < rounds; round++)
        {
            bytes.Fill(code);
            CodeWidth width = bytes.NextWidth();
            Instruction instruction = oracle.Decode(width);
            int length = InstructionLength.Measure(code, width, rule);
            if (instruction.IsInvalid || (rule == NearBranchRule.Amd && instruction.Mnemonic == Mnemonic.Ud0))
            {
                continue;
            }

            compared++;
            if (instruction.Length != length)
            {
                Assert.Fail($"{Convert.ToHexString(code)} {width}: {instruction} has {instruction.Length} bytes, decoded {length}");
            }
        }

        Assert.True(compared > rounds / 2, $"only {compared} of {rounds} were valid");
    }

    /// <summary>Every opcode of every map, with every ModRM byte: nothing is left to chance.</summary>
    [Theory]
    [InlineData(CodeWidth.Bits16)]
    [InlineData(CodeWidth.Bits32)]
    [InlineData(CodeWidth.Bits64)]
    public void Every_opcode_with_every_modrm_agrees_with_an_independent_decoder(CodeWidth width)
    {
        byte[][] leads =
        [
            [], [0x66], [0x67], [0xF2], [0xF3], [0x66, 0x67], [0x0F], [0x66, 0x0F], [0xF2, 0x0F], [0xF3, 0x0F], [0x0F, 0x38],
            [0x66, 0x0F, 0x38], [0xF2, 0x0F, 0x38], [0xF3, 0x0F, 0x38], [0x0F, 0x3A], [0x66, 0x0F, 0x3A], [0xF3, 0x0F, 0x3A], [0x48],
            [0x66, 0x48], [0x48, 0x0F], [0x48, 0x66], [0xC5, 0xF8], [0xC5, 0xF9], [0xC5, 0xFB], [0xC5, 0xFC], [0xC4, 0xE1, 0x79],
            [0xC4, 0xE2, 0x79], [0xC4, 0xE2, 0x78], [0xC4, 0xE2, 0xF9], [0xC4, 0xE3, 0x79], [0xC4, 0xE3, 0xFD], [0xC4, 0xE3, 0x7B],
            [0x8F, 0xE8, 0x78], [0x8F, 0xE9, 0x78], [0x8F, 0xEA, 0x78], [0x62, 0xF1, 0x7C, 0x48], [0x62, 0xF1, 0xFD, 0x48],
            [0x62, 0xF2, 0x7D, 0x48], [0x62, 0xF3, 0x7D, 0x48], [0x62, 0xF3, 0xFD, 0x48], [0x62, 0xF5, 0x7C, 0x48],
            [0x62, 0xF6, 0x7D, 0x48],
        ];
        byte[] code = new byte[15];
        Oracle oracle = new(code, DecoderOptions.None);
        foreach (byte[] lead in leads)
        {
            for (int opcode = 0; opcode < 0x10000; opcode++)
            {
                Array.Fill(code, (byte)0x25);
                lead.CopyTo(code, 0);
                code[lead.Length] = (byte)(opcode >> 8);
                code[lead.Length + 1] = (byte)opcode;
                Instruction instruction = oracle.Decode(width);
                int length = InstructionLength.Measure(code, width, NearBranchRule.Intel);
                if (!instruction.IsInvalid && instruction.Length != length)
                {
                    Assert.Fail($"{Convert.ToHexString(code)}: {instruction} has {instruction.Length} bytes, decoded {length}");
                }
            }
        }
    }
}
