using System;
using Hypervisor.Core.Guest.Decoding;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

public sealed unsafe class PlainStoreTests
{
    [Fact]
    public void What_it_recognises_the_whole_decoder_sees_alike()
    {
        Random random = new(11);
        byte[] code = new byte[15];
        byte* bytes = stackalloc byte[16];
        int recognised = 0;
        for (int round = 0; round < Fuzz.Rounds(300_000); round++)
        {
            random.NextBytes(code);
            int at = 0;
            if (random.Next(2) == 0)
            {
                code[at++] = (byte)(0x40 + random.Next(16));
            }

            code[at++] = random.Next(10) == 0 ? (byte)random.Next(256) : random.Next(2) == 0 ? (byte)0x89 : (byte)0xC7;
            code[at] = random.Next(2) == 0 ? (byte)(code[at] & 0xC7) : code[at];
            code.CopyTo(new Span<byte>(bytes, 15));
            PlainStore store = PlainStore.Decode(bytes);
            bool known = MemoryInstruction.TryDecode(code, CodeWidth.Bits64, out MemoryInstruction instruction)
                && instruction.Operation == MemoryOperation.Move && instruction.IsWrite && instruction.MemorySize == 4;
            if (store.Length == 0)
            {
                continue; // the whole decoder deals with it
            }

            recognised++;
            Assert.True(known, Convert.ToHexString(code));
            Assert.Equal(instruction.Length, store.Length);
            Assert.True(store.Length <= PlainStore.MaximumLength);
            if (store.Register >= 0)
            {
                Assert.Equal((OtherOperand.Register, (int)instruction.Register), (instruction.Other, store.Register));
            }
            else
            {
                Assert.Equal((OtherOperand.Immediate, (uint)instruction.Immediate), (instruction.Other, store.Immediate));
            }
        }

        Assert.True(recognised > Fuzz.Rounds(300_000) / 10);
    }
}
