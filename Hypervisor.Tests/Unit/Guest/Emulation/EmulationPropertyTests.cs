using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Emulation;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>Whatever a guest does, emulation ends, and touches nothing but what the guest may touch.</summary>
public sealed unsafe class EmulationPropertyTests
{
    private const int CodeBytes = 15;

    [Fact]
    public void Any_bytes_in_any_state_end_and_stay_inside()
    {
        Random random = new(31);
        using EmulatedMachine machine = new();
        CaseGenerator[] generators = new CaseGenerator[6];
        for (int i = 0; i < generators.Length; i++)
        {
            generators[i] = new CaseGenerator(40 + i, (CodeWidth)(i % 3), vectors: i >= 3);
        }

        int[] outcomes = new int[3];
        for (int round = Fuzz.Rounds(60_000); round > 0; round--)
        {
            int which = random.Next(generators.Length);
            CodeWidth width = (CodeWidth)(which % 3);
            generators[which].Next(out NativeCase found);
            Disturb(random, ref found);
            machine.Load(found, width);
            Disturb(random, machine);
            int trapped = random.Next(8);
            ModelBus.Trapped = page => ((trapped >> (int)((page >> 12) & 1)) & 1) != 0 || trapped == 4;
            GuestRegisters before = *machine.Registers;
            RFlags flags = machine.Context->RFlags;
            MemoryInstruction instruction = machine.Decode(CodeBytes);
            EmulationOutcome outcome = InstructionExecution.Run<ModelBus>(machine.Context, in instruction);
            outcomes[(int)outcome]++;
            Assert.Equal(outcome == EmulationOutcome.Faulted, machine.Context->Exception.IsValid);
            if (outcome != EmulationOutcome.Done)
            {
                Assert.Equal(before, *machine.Registers);
                Assert.Equal(flags.Value, machine.Context->RFlags.Value);
                Assert.False(machine.Context->IsUnfinished || machine.Context->HasJumped);
            }

            Assert.Equal(0, *(long*)machine.At(EmulatedMachine.HiddenBase));
            Assert.Equal(0, *(long*)machine.At(NativeLayout.FirstPages + (NativeLayout.Pages * NativeLayout.PageSize)));
        }

        Assert.All(outcomes, count => Assert.True(count > 100, string.Join(' ', outcomes)));
    }

    private static void Disturb(Random random, ref NativeCase found)
    {
        fixed (NativeCase* target = &found)
        {
            switch (random.Next(4))
            {
                case 0:
                    random.NextBytes(new Span<byte>(target->Code, CodeBytes));
                    break;
                case 1:
                    target->Code[random.Next(8)] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    ((ulong*)&target->Registers)[random.Next(16)] = (ulong)random.NextInt64();
                    break;
            }
        }
    }

    private static void Disturb(Random random, EmulatedMachine machine)
    {
        machine.Processor.Xcr0 = random.Next(4) == 0 ? 3u : 7u;
        if (random.Next(3) == 0)
        {
            machine.Context->RFlags = new RFlags(machine.Context->RFlags.Value ^ (1UL << random.Next(22)));
        }

        if (random.Next(3) == 0)
        {
            // Paging, protection, or both: off and on.
            uint cr0 = 0x8005_0001 ^ (random.Next(2) == 0 ? 1u << random.Next(32) : 0);
            machine.SetPaging(new Cr0(cr0), new Cr4(0x4_0620UL ^ (1UL << random.Next(33))), random.Next(4));
        }
    }
}
