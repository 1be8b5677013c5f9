using System;

namespace Hypervisor.Tests.Models;

/// <summary>Takes a simulated processor out of whatever it waits for when its run is over.</summary>
internal sealed class SimulationEndedException : Exception
{
    public SimulationEndedException()
        : base("the simulation is over")
    {
    }
}
