using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Tests.Models.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Without a rule nothing changes: the same guest on the same machine, bare and behind the mediator (M3).</summary>
public sealed class AhciPassThroughTests
{
    private const int Seeds = 3;
    private const ulong Arena = 0x100_0000;
    private const int ArenaSize = 0x600_0000;

    public static TheoryData<int, bool, bool, bool> Variants()
    {
        TheoryData<int, bool, bool, bool> data = [];
        for (int seed = 0; seed < Fuzz.Rounds(Seeds); seed++)
        {
            data.Add(seed, seed % 2 == 0, seed % 3 == 0, seed % 4 < 2);
        }

        return data;
    }

    [Fact]
    public void The_model_without_a_host_serves_a_guest_that_behaves()
    {
        using BareAhciRig rig = new(null, c => Plug(c, 0));
        DiskWorkload workload = Work(rig, 1, 400);
        Assert.Empty(workload.Problems);
        Assert.True(workload.Ended.Good > 300, workload.Ended.ToString());
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_guest_that_behaves_sees_the_same(int seed, bool byteEnables, bool keepsIssue, bool pair)
    {
        Compare(seed, byteEnables, keepsIssue, pair, rig => Assert.Empty(Work(rig, seed, 60).Problems));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_guest_that_does_not_behave_sees_the_same(int seed, bool byteEnables, bool keepsIssue, bool pair)
    {
        Compare(seed, byteEnables, keepsIssue, pair, rig => new AhciChaos(rig, 3, seed) { HasConfigurationPair = pair, IsUntimely = seed % 2 == 1 }.Run(1200));
    }

    private static DiskWorkload Work(AhciRig rig, int seed, int rounds)
    {
        rig.Controller.Choose = new Random(seed).Next;
        DiskWorkload workload = new(rig, 0, new DiskView((AtaDisk)rig.Controller.Port(0).Device!), seed);
        workload.Run(rounds);
        workload.ReadAll();
        return workload;
    }

    private static void Compare(int seed, bool byteEnables, bool keepsIssue, bool pair, Action<AhciRig> guest)
    {
        AhciOptions options = new() { HasByteEnables = byteEnables, KeepsIssueWhileStopped = keepsIssue };
        using BareAhciRig bare = new(options, c => Plug(c, seed), pair);
        bare.Controller.Choose = new Random(seed).Next;
        guest(bare);
        using MediatedAhciRig mediated = new(AhciSubject.With(), options, c => Plug(c, seed), pair);
        mediated.Controller.Choose = new Random(seed).Next;
        guest(mediated);
        for (int i = 0; i < bare.Trace.Count && i < mediated.Trace.Count; i++)
        {
            Assert.True(bare.Trace[i] == mediated.Trace[i], $"{i} of {bare.Trace.Count}: {Around(bare, i)}bare\n{Around(mediated, i)}behind the mediator\n{mediated.Log}");
        }

        Assert.Equal(bare.Trace.Count, mediated.Trace.Count);
        Assert.Equal(bare.Controller.Interrupts, mediated.Controller.Interrupts);
        Assert.Equal(bare.Memory.Digest, mediated.Memory.Digest);
        Assert.True(bare.Ram(Arena, ArenaSize).SequenceEqual(mediated.Ram(Arena, ArenaSize)));
        Assert.Empty(mediated.Memory.HostAccesses);
        _ = mediated.Machine.In(0xCF8, 4); // what the guest has written there reaches the bus when it is needed
        Assert.Equal(bare.Bus.State(), mediated.Bus.State());
        foreach ((AhciPort one, AhciPort other) in bare.Controller.Ports.Zip(mediated.Controller.Ports))
        {
            Assert.True(Media(one.Device).AsSpan().SequenceEqual(Media(other.Device)));
        }

        Assert.Equal(MediatorState.Attached, mediated.Machine.State(1));
    }

    private static string Around(AhciRig rig, int index) =>
        string.Concat(rig.Trace[Math.Max(0, index - 30)..(index + 1)].Where(t => t.Place != 0).Select(t => $"{t.Place:X}: {t.Value:X}\n"));

    private static void Plug(AhciController controller, int seed)
    {
        AtaDisk disk = new(2048);
        AtapiDrive drive = new(64, isWritable: true);
        AtaDisk other = new(512, 4096);
        Random random = new(seed);
        new List<byte[]> { disk.Media, drive.Media, other.Media }.ForEach(random.NextBytes);
        controller.Port(0).PlugAtPowerOn(disk);
        controller.Port(1).PlugAtPowerOn(drive);
        controller.Port(2).PlugAtPowerOn(other);
    }

    private static byte[] Media(SataDevice? device) => device switch
    {
        AtaDisk disk => disk.Media,
        AtapiDrive drive => drive.Media,
        _ => [],
    };
}
