namespace Hypervisor.Control.Boot;

/// <summary>How an access to a firmware variable ended.</summary>
internal enum VariableOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>There is no such variable.</summary>
    Missing,

    /// <summary>It does not fit.</summary>
    TooLarge,

    /// <summary>It was refused.</summary>
    Refused,

    /// <summary>There are no firmware variables here.</summary>
    Unavailable,
}
