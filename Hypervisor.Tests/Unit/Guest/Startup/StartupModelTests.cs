using Hypervisor.Core.Guest.Startup;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Guest.Startup;

/// <summary>No start is lost, whoever is how fast .</summary>
public sealed class StartupModelTests
{
    private const uint Init = 0x4500;
    private const uint Startup = 0x4600;
    private const uint Deassert = 0x8500;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_processor_starts_each_time_it_is_started(bool x2Apic)
    {
        // One sender that waits for each processor, as for CPU hot-plug.
        for (int seed = 0; seed < Fuzz.Rounds(120); seed++)
        {
            using StartupSimulation simulation = new(seed, 3, x2Apic, 1 + (seed % 12));
            simulation.Run(() =>
            {
                for (int round = 0; round < 6; round++)
                {
                    int target = 1 + simulation.Random.Next(2);
                    byte vector = NextVector(simulation);
                    int before = simulation.Started(target).Count;
                    simulation.WriteCmos(0);
                    simulation.Send(0, Init, target);
                    simulation.Send(0, Deassert, target);
                    simulation.Send(0, Startup | vector, target);
                    simulation.Send(0, Startup | vector, target);
                    simulation.WaitFor(0, target, before, vector);
                    simulation.AssertLowPage();
                    Pause(simulation);
                }
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_impatient_sender_gets_the_last_start_it_asked_for(bool x2Apic)
    {
        // INIT again behind SIPI, without waiting: the processor may have begun at the first vector, but it ends at the last.
        for (int seed = 0; seed < Fuzz.Rounds(250); seed++)
        {
            using StartupSimulation simulation = new(seed, 2, x2Apic, 1 + (seed % 6));
            simulation.Run(() =>
            {
                for (int round = 0; round < 5; round++)
                {
                    int before = simulation.Started(1).Count;
                    byte vector = 0;
                    for (int again = 1 + simulation.Random.Next(4); again > 0; again--)
                    {
                        vector = NextVector(simulation);
                        simulation.WriteCmos(0);
                        simulation.Send(0, Init, 1);
                        simulation.Send(0, Startup | vector, 1);
                        for (int wait = simulation.Random.Next(40); wait > 0; wait--)
                        {
                            simulation.Idle(0);
                        }
                    }

                    simulation.WaitFor(0, 1, before, vector);
                    simulation.AssertLowPage();
                }
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Processors_may_be_started_without_waiting_for_one_another(bool x2Apic)
    {
        // Parallel bring-up: all are kicked off, then all are waited for.
        for (int seed = 0; seed < Fuzz.Rounds(100); seed++)
        {
            using StartupSimulation simulation = new(seed, 4, x2Apic, 1 + (seed % 10));
            simulation.Run(() =>
            {
                for (int round = 0; round < 4; round++)
                {
                    byte[] vectors = new byte[4];
                    int[] before = new int[4];
                    for (int target = 1; target < 4; target++)
                    {
                        vectors[target] = NextVector(simulation);
                        before[target] = simulation.Started(target).Count;
                        simulation.WriteCmos(0);
                        simulation.Send(0, Init, target);
                        simulation.Send(0, Deassert, target);
                        simulation.Send(0, Startup | vectors[target], target);
                        simulation.Send(0, Startup | vectors[target], target);
                    }

                    for (int target = 1; target < 4; target++)
                    {
                        simulation.WaitFor(0, target, before[target], vectors[target]);
                    }

                    simulation.AssertLowPage();
                    Pause(simulation);
                }
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_senders_may_start_processors_at_the_same_time(bool x2Apic)
    {
        for (int seed = 0; seed < Fuzz.Rounds(120); seed++)
        {
            using StartupSimulation simulation = new(seed, 4, x2Apic, 1 + (seed % 8));
            simulation.Run(() =>
            {
                StartAndWait(simulation, 0, 1);
                for (int round = 0; round < 4; round++)
                {
                    simulation.Tell(1, () => StartAndWait(simulation, 1, 3));
                    StartAndWait(simulation, 0, 2);
                    while (!simulation.IsIdle(1))
                    {
                        simulation.Idle(0);
                    }

                    simulation.AssertLowPage();
                    Pause(simulation);
                }
            });
        }
    }

    private static void StartAndWait(StartupSimulation simulation, int sender, int target)
    {
        byte vector = NextVector(simulation);
        int before = simulation.Started(target).Count;
        simulation.WriteCmos(sender);
        simulation.Send(sender, Init, target);
        simulation.Send(sender, Startup | vector, target);
        simulation.Send(sender, Startup | vector, target);
        simulation.WaitFor(sender, target, before, vector);
    }

    /// <summary>Time passes; now and then so much that the trap is dropped.</summary>
    private static void Pause(StartupSimulation simulation)
    {
        uint writes = simulation.Random.Next(3) == 0 ? ApicTrap.WritesUntilDropped : 3;
        for (uint i = 0; i < writes && !simulation.Machine.Options.X2Apic; i++)
        {
            simulation.WriteApic(0, SimulatedLocalApic.EndOfInterrupt, 0);
        }

        for (int wait = simulation.Random.Next(50); wait > 0; wait--)
        {
            simulation.Idle(0);
        }
    }

    /// <summary>A page for the start, but not the borrowed one.</summary>
    private static byte NextVector(StartupSimulation simulation) => (byte)(0x10 + simulation.Random.Next(0x80));
}
