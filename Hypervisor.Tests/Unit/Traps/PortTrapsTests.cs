using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Traps;

/// <summary>The doorways of ports (M2).</summary>
public sealed unsafe class PortTrapsTests
{
    [Fact]
    public void A_claimed_port_exits_and_no_other()
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(0x1F0, 0x1F7) };
        using MediatedMachine machine = new(mediator);
        ulong map = machine.Inner.Machine->IoPermissionMap;
        Assert.Equal(
            Enumerable.Range(0x1F0, 8),
            Enumerable.Range(0, 0x10000).Where(p => IoPermissionMap.Exits(map, (ushort)p) && p is not (0x70 or 0x71)));
    }

    [Theory]
    [InlineData(Verdict.Pass, 0x1234u, 1)]
    [InlineData(Verdict.Done, 0x5678u, 0)]
    [InlineData(Verdict.Deny, 0xFFFFu, 0)]
    public void A_read_gets_what_the_verdict_says(Verdict verdict, uint expected, int hardwareReads)
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(0x300, 0x30F, tag: 7), Port = r => (verdict, 0x5678) };
        using MediatedMachine machine = new(mediator);
        int reads = 0;
        machine.Inner.Bootstrap.Input = (_, _) => { reads++; return 0x1234; };
        Assert.Equal(expected, machine.In(0x304, 2));
        Assert.Equal(hardwareReads, reads);
        PortRequest request = Assert.Single(mediator.Ports);
        Assert.Equal((7u, (ushort)0x304, 2, false), (request.Tag, request.Port, request.Size, request.IsWrite));
    }

    [Theory]
    [InlineData(Verdict.Pass, true)]
    [InlineData(Verdict.Done, false)]
    [InlineData(Verdict.Deny, false)]
    public void A_write_reaches_the_hardware_only_where_it_passes_and_as_the_mediator_has_changed_it(Verdict verdict, bool reaches)
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(0x300, 0x303), Port = r => (verdict, r.Value ^ 0xFF) };
        using MediatedMachine machine = new(mediator);
        machine.Out(0x300, 4, 0xABCD_EF01);
        Assert.Equal(reaches ? [((ushort)0x300, 4, 0xABCD_EFFEu)] : [], machine.Inner.Bootstrap.Outputs.Where(o => o.Port == 0x300));
    }

    [Fact]
    public void An_access_across_a_border_is_split_there()
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(0x302, 0x302), Port = _ => (Verdict.Done, 0x55) };
        using MediatedMachine machine = new(mediator);
        machine.Inner.Bootstrap.Input = (port, size) => size == 1 ? (byte)port : 0x0100u | (byte)port;
        Assert.Equal(0x0355_0100u, machine.In(0x300, 4));
        Assert.Equal(1, Assert.Single(mediator.Ports).Size);
    }

    [Fact]
    public void A_claim_of_whole_accesses_is_not_asked_for_wider_ones()
    {
        RecordingMediator address = new("address") { Claims = host => host.ClaimPorts(0xCF8, 0xCFB), Port = _ => (Verdict.Done, 0x8000_0000) };
        RecordingMediator reset = new("reset") { Claims = host => host.ClaimPorts(0xCF9, 0xCF9, wholeOnly: true), Port = _ => (Verdict.Done, 6) };
        using MediatedMachine machine = new(address, reset);
        Assert.Equal(0x8000_0000u, machine.In(0xCF8, 4));
        Assert.Empty(reset.Ports);
    }

    [Fact]
    public void Mediators_are_asked_in_the_order_of_their_claims_until_one_decides()
    {
        List<string> asked = [];
        RecordingMediator first = new("first") { Claims = h => h.ClaimPorts(0x80, 0x80), Port = r => { asked.Add("first"); return (Verdict.Pass, r.Value); } };
        RecordingMediator second = new("second") { Claims = h => h.ClaimPorts(0x80, 0x81), Port = r => { asked.Add("second"); return (Verdict.Deny, 0); } };
        RecordingMediator third = new("third") { Claims = h => h.ClaimPorts(0x7F, 0x80), Port = r => { asked.Add("third"); return (Verdict.Done, 1); } };
        using MediatedMachine machine = new(first, second, third);
        Assert.Equal(0xFFu, machine.In(0x80, 1));
        Assert.Equal(["first", "second"], asked);
    }

    [Fact]
    public void A_released_port_passes_without_an_exit()
    {
        RecordingMediator mediator = new() { Claims = host => { host.ClaimPorts(0x60, 0x64); host.ReleasePorts(0x60, 0x64); } };
        using MediatedMachine machine = new(mediator);
        Assert.False(IoPermissionMap.Exits(machine.Inner.Machine->IoPermissionMap, 0x60));
        _ = machine.In(0x60, 1);
        Assert.Empty(mediator.Ports);
    }

    [Fact]
    public void More_claims_than_there_is_room_for_are_refused_and_the_others_hold()
    {
        int granted = 0;
        RecordingMediator mediator = new() { Claims = host => granted = Enumerable.Range(0, 200).Count(i => host.ClaimPorts((ushort)(0x1000 + i), (ushort)(0x1000 + i))) };
        using MediatedMachine machine = new(mediator);
        Assert.Equal(TrapTables.MaximumPortClaims, granted);
        _ = machine.In(0x1000, 1);
        _ = machine.In(0x1000 + TrapTables.MaximumPortClaims, 1);
        Assert.Single(mediator.Ports);
    }

    /// <summary>With mediators that only watch, random accesses reach the hardware as they would without them, in order.</summary>
    [Fact]
    public void Watching_changes_nothing()
    {
        Random random = new(4711);
        for (int round = 0; round < 50; round++)
        {
            RecordingMediator[] mediators = [.. Enumerable.Range(0, 4).Select(i => Watcher(random, i))];
            using MediatedMachine machine = new(mediators);
            List<(ushort, int)> reads = [];
            machine.Inner.Bootstrap.Input = (port, size) => { reads.Add((port, size)); return Pattern(port, size); };
            for (int access = 0; access < 200; access++)
            {
                ushort port = (ushort)(0x200 + random.Next(64));
                int size = 1 << random.Next(3);
                Assert.Equal(Pattern(port, size), machine.In(port, size) & PortIo.Ones(size));
            }
        }
    }

    private static uint Pattern(ushort port, int size)
    {
        uint value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (uint)(byte)((port + i) * 37) << (i * 8);
        }

        return value;
    }

    private static RecordingMediator Watcher(Random random, int index)
    {
        (ushort First, ushort Last)[] ranges =
            [.. Enumerable.Range(0, 5).Select(_ => (ushort)(0x200 + random.Next(60))).Select(first => (first, (ushort)(first + random.Next(12))))];
        return new RecordingMediator($"watcher{index}")
        {
            Claims = host => Array.ForEach(ranges, r => Assert.True(host.ClaimPorts(r.First, r.Last, wholeOnly: index == 3))),
        };
    }
}
