namespace Hypervisor.Core.Mediation;

/// <summary>What becomes of a mediator's claims when it has failed (M5).</summary>
public enum Fallback : byte
{
    /// <summary>Accesses pass to the hardware, as if the mediator had never been there.</summary>
    Pass,

    /// <summary>Accesses are refused: for a mediator whose policy must not be lifted by its own defect.</summary>
    Deny,
}
