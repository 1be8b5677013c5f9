using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Core.Traps;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Traps;

/// <summary>Tables that divide large pages come back when nothing in the page is claimed any more, on every processor.</summary>
public sealed unsafe class SplitTablesTests
{
    private const ushort Door = 0x80;
    private const ulong Apic = SimulatedProcessor.ApicPage;

    [Fact]
    public void Claims_that_come_and_go_anywhere_find_tables_for_ever_and_every_processor_sees_them()
    {
        for (int seed = 0; seed < Fuzz.Rounds(6); seed++)
        {
            Random random = new(seed);
            RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(Door, Door) };
            using MediatedMachine machine = Machine(mediator);
            List<(ulong First, ulong Last)> claims = [];
            Action<MediatorHost> step = _ => { };
            mediator.Port = request =>
            {
                step(mediator.Host!);
                return (Verdict.Done, 0);
            };
            for (int i = 0; i < 150; i++)
            {
                ulong first = Place(random);
                ulong last = first + (random.Next(8) == 0 ? (2ul << 21) : 0x1000ul << random.Next(4)) - 1;
                step = host =>
                {
                    while (claims.Count > random.Next(25))
                    {
                        int drop = random.Next(claims.Count);
                        host.ReleaseMemory(claims[drop].First, claims[drop].Last);
                        claims.RemoveAt(drop);
                    }

                    bool overlaps = claims.Any(c => c.First <= last && c.Last >= first);
                    bool isApic = first <= Apic + 0xFFF && last >= Apic;
                    Assert.Equal(!overlaps && !isApic, host.ClaimMemory(first, last));
                    if (!overlaps && !isApic)
                    {
                        claims.Add((first, last));
                    }
                };
                machine.Out(Door, 1, 0, processor: i & 1);
                Assert.Equal(MediatorState.Attached, machine.State());
            }

            for (int processor = 0; processor < 2; processor++)
            {
                AssertShows(machine, machine.Inner.VmcbOf(processor)->NestedCr3, claims);
            }
        }
    }

    [Fact]
    public void Where_all_are_in_use_a_claim_is_refused_and_leaves_nothing_behind()
    {
        RecordingMediator mediator = new()
        {
            Claims = host =>
            {
                for (ulong i = 0; i < TrapTables.SplitPages / 2; i++)
                {
                    Assert.True(host.ClaimMemory(0x80_0000_0000 + (i << 30), 0x80_0000_0FFF + (i << 30)));
                }

                Assert.False(host.ClaimMemory(0xA0_0000_0000, 0xA0_0000_0FFF));
                host.ReleaseMemory(0x80_0000_0000, 0x80_0000_0FFF);
                Assert.True(host.ClaimMemory(0xA0_0000_0000, 0xA0_0000_0FFF));
            },
        };
        using MediatedMachine machine = Machine(mediator);
        Assert.Equal(MediatorState.Attached, machine.State());
        Assert.Contains("it needs more page tables than are set aside", machine.Inner.LogText());
        Assert.True(TableWalk.Find(machine.Inner.Vmcb->NestedCr3, 0x80_0000_0000)!.Value.Size == 1 << 30, "the large page is back");
    }

    [Fact]
    public void A_processor_that_does_not_follow_keeps_tables_from_being_used_again()
    {
        RecordingMediator mediator = new() { Claims = host => host.ClaimPorts(Door, Door) };
        using MediatedMachine machine = Machine(mediator);
        bool isLast = false;
        mediator.Port = _ =>
        {
            for (ulong i = 0; i < TrapTables.SplitPages / 2; i++)
            {
                Assert.True(mediator.Host!.ClaimMemory(0x80_0000_0000 + (i << 30), 0x80_0000_0FFF + (i << 30)));
            }

            mediator.Host!.ReleaseMemory(0x80_0000_0000, 0x80_0000_0FFF);
            machine.Inner.Processors[0].Paused = null; // the other one stays in the guest for good
            isLast = mediator.Host!.ClaimMemory(0xA0_0000_0000, 0xA0_0000_0FFF);
            return (Verdict.Done, 0);
        };
        machine.Out(Door, 1, 0);
        Assert.Equal(MediatorState.Attached, machine.State());
        Assert.False(isLast);
        Assert.Contains("does not follow a change of claims", machine.Inner.LogText());
    }

    [Fact]
    public void A_door_to_a_claimed_page_is_shut_before_a_change_is_followed()
    {
        RecordingMediator mediator = new() { Claims = host => Assert.True(host.ClaimMemory(0xFEA0_0000, 0xFEA0_0FFF)) };
        using MediatedMachine machine = Machine(mediator);
        Instructions.Processor = machine.Inner.Bootstrap;
        Assert.True(GuestDoors.OpenClaimedPage<SvmGuest>(machine.Inner.Data, 0xFEA0_0000, writable: true));
        Assert.NotNull(TableWalk.Find(machine.Inner.Vmcb->NestedCr3, 0xFEA0_0000));
        Virtualization.Follow(machine.Inner.Data);
        Assert.Null(TableWalk.Find(machine.Inner.Vmcb->NestedCr3, 0xFEA0_0000));
        Assert.True(machine.Inner.Data->Step.Active, "the instruction is still stepped");
        GuestDoors.Shut<SvmGuest>(machine.Inner.Data);
        Assert.Null(TableWalk.Find(machine.Inner.Vmcb->NestedCr3, 0xFEA0_0000));
    }

    /// <summary>Two processors that run; whoever waits waits for the other one, which a kick reaches at once.</summary>
    private static MediatedMachine Machine(RecordingMediator mediator)
    {
        MediatedMachine machine = new(mediator);
        machine.Inner.TakeOver(1);
        foreach (SimulatedProcessor processor in machine.Inner.Processors)
        {
            processor.Paused = _ =>
            {
                IProcessor? before = Instructions.Processor;
                foreach (SimulatedProcessor other in machine.Inner.Processors)
                {
                    Instructions.Processor = other;
                    TrapShootdown.Follow(other.Data);
                }

                Instructions.Processor = before;
            };
        }

        return machine;
    }

    /// <summary>Near each other, around the local APIC, and far apart.</summary>
    private static ulong Place(Random random) => (random.Next(4) switch
    {
        0 => 0xFEC0_0000ul + ((ulong)random.Next(0x400) << 12),
        1 => 0xC000_0000ul + ((ulong)random.Next(0x40000) << 12),
        2 => 0x80_0000_0000ul + ((ulong)random.Next(64) << 30),
        _ => 0xE000_0000ul + ((ulong)random.Next(32) << 21),
    });

    private static void AssertShows(MediatedMachine machine, ulong root, List<(ulong First, ulong Last)> claims)
    {
        MachineData* data = machine.Inner.Machine;
        ulong next = 0;
        foreach (TableWalk.Mapping mapping in TableWalk.Lower(root))
        {
            bool isHost = mapping.Linear >= data->RegionBase && mapping.Linear < data->RegionBase + machine.Inner.RegionSize;
            Assert.Equal(isHost ? data->ZeroPage : mapping.Linear, mapping.Physical);
            Assert.DoesNotContain(claims, c => c.First < mapping.End && c.Last >= mapping.Linear);
            Assert.True(next == mapping.Linear || claims.Any(c => c.First < mapping.Linear && c.Last >= next));
            for (ulong gap = next; gap < mapping.Linear; gap += PageSizes.Size4K)
            {
                Assert.Contains(claims, c => c.First <= gap && c.Last >= gap);
            }

            next = mapping.End;
        }
    }
}
