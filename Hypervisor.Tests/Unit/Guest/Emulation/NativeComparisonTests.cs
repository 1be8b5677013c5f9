using System;
using System.Collections.Generic;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Emulation;
using Iced.Intel;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>
/// Random instructions in random states, once executed by the processor of this machine and once emulated: what they leave is the same, and so are their faults. Only
/// what the manuals leave undefined is not compared.
/// </summary>
public sealed class NativeComparisonTests
{
    private const int BatchSize = 4096;
    private const int MostReported = 12;

    [LinuxFact]
    public void In_64_bit_code() => Compare(CodeWidth.Bits64, vectors: false, seed: 21, Fuzz.Rounds(24_576));

    [LinuxFact]
    public void In_32_bit_code() => Compare(CodeWidth.Bits32, vectors: false, seed: 22, Fuzz.Rounds(16_384));

    [LinuxFact]
    public void In_16_bit_code() => Compare(CodeWidth.Bits16, vectors: false, seed: 23, Fuzz.Rounds(12_288));

    [LinuxFact]
    public void Vector_copies_in_64_bit_code() => Compare(CodeWidth.Bits64, vectors: true, seed: 24, Fuzz.Rounds(12_288));

    [LinuxFact]
    public void Vector_copies_in_32_bit_code() => Compare(CodeWidth.Bits32, vectors: true, seed: 25, Fuzz.Rounds(8_192));

    private static void Compare(CodeWidth width, bool vectors, int seed, int rounds)
    {
        CaseGenerator generator = new(seed, width, vectors);
        Random random = new(seed);
        List<string> differences = [];
        HashSet<MemoryOperation> done = [];
        using EmulatedMachine machine = new();
        for (int round = 0; round < rounds && differences.Count < MostReported; round += BatchSize)
        {
            NativeCase[] found = new NativeCase[BatchSize];
            MemoryInstruction[] instructions = new MemoryInstruction[BatchSize];
            for (int i = 0; i < BatchSize; i++)
            {
                instructions[i] = generator.Next(out found[i]);
            }

            NativeCase[] native = [.. found];
            NativeRunner.Run(native, width == CodeWidth.Bits64);
            for (int i = 0; i < BatchSize && differences.Count < MostReported; i++)
            {
                NativeCase emulated = Emulate(machine, found[i], width, random, out bool known);
                string? difference = known
                    ? CaseComparison.Difference(found[i], native[i], emulated, instructions[i], width)
                    : "not emulated";
                if (difference != null)
                {
                    differences.Add($"{Disassemble(found[i], width)}: {difference}");
                }
                else if (native[i].Status == NativeCase.Done)
                {
                    done.Add(instructions[i].Operation);
                }
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
        Assert.True(done.Count >= (vectors ? 5 : 48), $"only {done.Count} operations: {string.Join(", ", done)}");
    }

    private static NativeCase Emulate(EmulatedMachine machine, in NativeCase found, CodeWidth width, Random random, out bool known)
    {
        int trapped = random.Next(1, 64);
        ModelBus.Trapped = page => page switch
        {
            >= NativeLayout.FirstPages and < NativeLayout.SecondPages => (trapped >> (int)((page >> 12) & 1) & 1) != 0,
            >= NativeLayout.SecondPages and < NativeLayout.ReadOnlyPage => (trapped >> (2 + (int)((page >> 12) & 1)) & 1) != 0,
            _ => (trapped & 16) != 0,
        };
        machine.Load(found, width);
        EmulationOutcome outcome = machine.Run((int)found.Length);
        if (outcome == EmulationOutcome.NotEmulated)
        {
            // No trapped page was touched, or not any more: now all are.
            ModelBus.Trapped = _ => true;
            machine.Load(found, width);
            outcome = machine.Run((int)found.Length);
        }

        NativeCase left = found;
        machine.Store(outcome, ref left);
        known = outcome != EmulationOutcome.NotEmulated;
        return left;
    }

    private static unsafe string Disassemble(in NativeCase found, CodeWidth width)
    {
        fixed (NativeCase* source = &found)
        {
            byte[] code = new ReadOnlySpan<byte>(source->Code, (int)found.Length).ToArray();
            Decoder decoder = Decoder.Create(16 << (int)width, new ByteArrayCodeReader(code));
            decoder.IP = width == CodeWidth.Bits16 ? 0 : NativeLayout.Code;
            return $"{width} {Convert.ToHexString(code)} {decoder.Decode()}";
        }
    }
}
