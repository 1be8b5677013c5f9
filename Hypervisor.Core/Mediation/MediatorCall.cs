using Hypervisor.Core.Host;

namespace Hypervisor.Core.Mediation;

/// <summary>A call into a mediator, as it goes through <see cref="Containment"/>.</summary>
internal unsafe struct MediatorCall
{
    /// <summary>The processor.</summary>
    internal ProcessorData* Processor;

    /// <summary>Number of the mediator.</summary>
    internal int Mediator;

    /// <summary>Which of its methods.</summary>
    internal MediatorDoor Door;

    /// <summary>The request, for accesses; else null.</summary>
    internal void* Request;

    /// <summary>The processor started or the sleep state.</summary>
    internal uint Argument;

    /// <summary>Out: what it decided; for <see cref="MediatorDoor.Probe"/> <see cref="Mediation.Verdict.Pass"/> to stay out.</summary>
    internal Verdict Verdict;
}
