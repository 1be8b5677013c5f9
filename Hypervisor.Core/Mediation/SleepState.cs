namespace Hypervisor.Core.Mediation;

/// <summary>Where the machine is going (ACPI 6.5 §16.1); a reset counts too.</summary>
public enum SleepState : byte
{
    /// <summary>S1: processors stop, everything keeps its state.</summary>
    S1 = 1,

    /// <summary>S2: processors lose theirs.</summary>
    S2 = 2,

    /// <summary>S3: only memory keeps its contents.</summary>
    S3 = 3,

    /// <summary>S4: memory is saved by the operating system, then everything is off.</summary>
    S4 = 4,

    /// <summary>S5: off.</summary>
    S5 = 5,

    /// <summary>Reset.</summary>
    Reset = 6,
}
