namespace Hypervisor.Core.Mediation;

/// <summary>Where a mediator is in its life.</summary>
public enum MediatorState : byte
{
    /// <summary>Known, but the configuration does not select it.</summary>
    Off,

    /// <summary>Selected, not attached yet.</summary>
    Selected,

    /// <summary>Selected, but there is nothing for it on this machine.</summary>
    Absent,

    /// <summary>Stands in its doorways.</summary>
    Attached,

    /// <summary>Attached, and the machine is on its way into a sleep state.</summary>
    Asleep,

    /// <summary>It was detached; its claims are gone.</summary>
    Detached,

    /// <summary>A check of its own failed; its claims follow its <see cref="Fallback"/>.</summary>
    Failed,
}
