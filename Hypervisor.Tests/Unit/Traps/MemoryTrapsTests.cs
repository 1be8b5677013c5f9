using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Traps;

/// <summary>The doorways of memory (M2).</summary>
public sealed unsafe class MemoryTrapsTests
{
    private const ulong First = 0xFEA0_0000;
    private const int Blocks = 2;
    private const int Size = (Blocks + 1) * MemoryForm.BlockSize;

    /// <summary>Dwords 1 and 31 of the first block, dword 0 of the second one; nothing is said about the third.</summary>
    private static ReadOnlySpan<uint> Masks => [0x8000_0002, 0x0000_0001];

    [Fact]
    public void Whole_dwords_that_need_no_look_are_written_past_the_mediator_and_nothing_else()
    {
        RecordingMediator mediator = new() { Claims = Claim };
        using MediatedMachine machine = new(mediator);
        Dictionary<ulong, ulong> hardware = Hardware(machine);
        foreach (int size in new[] { 1, 2, 4, 8 })
        {
            for (int offset = 0; offset <= Size - size; offset++)
            {
                mediator.Memory.Clear();
                hardware.Clear();
                TrapBus.Write(machine.Inner[0], First + (ulong)offset, size, 0x1122_3344_5566_7788);
                bool passes = size == 4 && offset is (4 or 0x7C or 0x80);
                Assert.Equal(passes ? 0 : 1, mediator.Memory.Count(r => r.Address == First + (ulong)offset && r.Size == size));
                Assert.NotEmpty(hardware); // what the mediator sees, it lets pass
                mediator.Memory.Clear();
                _ = TrapBus.Read(machine.Inner[0], First + (ulong)offset, size);
                Assert.Single(mediator.Memory);
            }
        }
    }

    [Fact]
    public void Where_the_mediator_has_failed_its_fallback_counts_for_these_too()
    {
        RecordingMediator mediator = new(fallback: Fallback.Deny) { Claims = Claim, FailsIn = nameof(Mediator.OnMemory) };
        using MediatedMachine machine = new(mediator);
        Dictionary<ulong, ulong> hardware = Hardware(machine);
        TrapBus.Write(machine.Inner[0], First + 4, 4, 1);
        Assert.Single(hardware);
        TrapBus.Write(machine.Inner[0], First, 4, 1);
        Assert.Equal(MediatorState.Failed, machine.State());
        TrapBus.Write(machine.Inner[0], First + 4, 4, 2);
        Assert.Equal(1ul, Assert.Single(hardware).Value);
    }

    private static void Claim(MediatorHost host) => Assert.True(host.ClaimMemory(First, First + Size - 1, form: new MemoryForm { PassingWrites = Masks }));

    private static Dictionary<ulong, ulong> Hardware(MediatedMachine machine)
    {
        Dictionary<ulong, ulong> written = [];
        machine.Inner.Bootstrap.DeviceWrite = (address, _, value) =>
        {
            written[address] = value;
            return true;
        };
        machine.Inner.Bootstrap.DeviceRead = (_, _) => 0;
        Instructions.Processor = machine.Inner.Bootstrap;
        return written;
    }
}
